#pragma once

// Boost.Process v2 compiles once, in boost_process.cpp; everybody else must see the same switch.
#define BOOST_PROCESS_V2_SEPARATE_COMPILATION 1

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wpedantic"
#include <boost/asio/io_context.hpp>
#include <boost/asio/readable_pipe.hpp>
#include <boost/process/v2/environment.hpp>
#include <boost/process/v2/process.hpp>
#include <boost/process/v2/start_dir.hpp>
#include <boost/process/v2/stdio.hpp>
#pragma GCC diagnostic pop
