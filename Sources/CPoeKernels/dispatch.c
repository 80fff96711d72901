#include "CPoeKernels.h"
