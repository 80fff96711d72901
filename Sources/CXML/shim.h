#pragma once
// libxml2 built with ICU would bring in headers of ICU, which Foundation has of another version.
#include <libxml/xmlversion.h>
#undef LIBXML_ICU_ENABLED
#include <libxml/HTMLparser.h>
