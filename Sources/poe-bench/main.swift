import PoeArguments

BenchCommand.runCommand()
