import PoeArguments

ScrapeCommand.runCommand()
