#pragma once

#include "mlbuild/audit/finding.hpp"

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace mlbuild {

/// An installed or locked package and what it needs of the others.
struct GraphPackage {
  std::string name;  ///< of wheels normalised
  std::string version;
  SavedBytes bytes;
  std::set<std::string> needs;
  bool wanted = false;  ///< asked for by a person
  Location location;    ///< where
};

/// A change whose bytes are to be known.
struct GraphChange {
  std::set<std::string> unwanted;                ///< nobody asks for them any more; who needs them still has them
  std::map<std::string, GraphPackage> replaced;  ///< old name -> the package in its place
  std::set<std::string> cut;                     ///< needed by nobody outside of this set any more
  bool empty() const { return unwanted.empty() && replaced.empty() && cut.empty(); }
  GraphChange& operator+=(const GraphChange& other);
};

/// Packages by what needs what. Without a word about what was asked for, that is what nobody else needs.
class PackageGraph {
 public:
  void add(GraphPackage package);  ///< a second one of a name is ignored
  /// Marks what is needed by nobody as wanted, and of packages that only need one another one of them.
  void find_wanted();

  const std::map<std::string, GraphPackage>& packages() const { return packages_; }
  const GraphPackage* find(const std::string& name) const;
  /// What the change leaves without anybody who needs it; the replaced ones included.
  std::set<std::string> gone(const GraphChange& change) const;
  /// What comes in: replacements that were not there.
  std::vector<GraphPackage> added(const GraphChange& change) const;
  std::set<std::string> needed_by(const std::string& name) const;

 private:
  std::set<std::string> reached(const GraphChange& change) const;
  std::map<std::string, GraphPackage> packages_;
};

}  // namespace mlbuild
