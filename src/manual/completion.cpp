#include "manual/completion.h"

namespace spinenet::manual {

std::string completion(Shell shell, const Command& program) {
  switch (shell) {
    case Shell::bash:
      return bash_completion(program);
    case Shell::zsh:
      return zsh_completion(program);
    case Shell::fish:
      return fish_completion(program);
  }
  fail(ErrorKind::failed, "an unknown shell", "completion");
}

}  // namespace spinenet::manual
