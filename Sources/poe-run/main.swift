import PoeCommand

RunCommand.runCommand()
