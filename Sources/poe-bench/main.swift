import PoeCommand

BenchCommand.runCommand()
