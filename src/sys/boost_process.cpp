#include "boost_process.hpp"

#include <boost/process/v2/src.hpp>

#include <algorithm>
#include <limits>
