// The C++ layer needs exceptions. It needs no other compiler flags.
#ifndef VECSINK_EXCEPTIONS_HPP
#define VECSINK_EXCEPTIONS_HPP

#ifndef __cpp_exceptions
#error "vecsink.hpp reports errors as C++ exceptions: compile without -fno-exceptions, or use the C interface, vecsink.h"
#endif

#endif // VECSINK_EXCEPTIONS_HPP
