import PoeArguments

TrainCommand.runCommand()
