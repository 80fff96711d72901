import PoeCommand

TrainCommand.runCommand()
