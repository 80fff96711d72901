import PoeCore
