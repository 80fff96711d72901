import PoeCommand

CommandRunner.run(RunCommand.syntax, RunOptions()) { try RunCommand($0).run() }
