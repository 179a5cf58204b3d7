package main

import (
	"github.com/spf13/cobra"
)

// completionCommand writes a shell's completion. What it completes are commands
// and flags: it never opens a vault, so it never offers an id or a name.
func (a *app) completionCommand() *cobra.Command {
	shells := []string{"bash", "zsh", "fish", "powershell"}
	return &cobra.Command{
		Use:       "completion bash|zsh|fish|powershell",
		Short:     "Completion for a shell",
		Long:      "Completion writes a script to stdout; your shell's manual says where it belongs.\nCompleting never unlocks a vault and never touches the network.",
		ValidArgs: shells,
		Args:      takes(1, 1, "the name of a shell: bash, zsh, fish or powershell"),
		RunE: func(c *cobra.Command, args []string) error {
			root := c.Root()
			switch args[0] {
			case "bash":
				return root.GenBashCompletionV2(a.out, true)
			case "zsh":
				return root.GenZshCompletion(a.out)
			case "fish":
				return root.GenFishCompletion(a.out, true)
			case "powershell":
				return root.GenPowerShellCompletionWithDesc(a.out)
			}
			return usage("there is no completion for this shell", "bash, zsh, fish and powershell have one")
		},
	}
}
