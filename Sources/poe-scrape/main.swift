import PoeArguments

ScrapeCommand.runCommand(usesKernels: false)
