#pragma once

#include <string>
#include <vector>

using Arguments = std::vector<std::string>;

/// "ok" or the name of the error.
int say(long result);

/// What a hostile command would try: the first word says what.
int attack(const Arguments& words);
