using System.CommandLine;

namespace Etcdish.Cli;

/// <summary>Options that belong together.</summary>
/// <param name="Title">What they are about.</param>
/// <param name="Options">They themselves.</param>
internal sealed record OptionGroup(string Title, IReadOnlyList<Option> Options);

/// <summary>A verb with so many options that its help shows them in groups.</summary>
internal sealed class VerbCommand : Command
{
    public VerbCommand(string name, string description, IReadOnlyList<OptionGroup> groups)
        : base(name, description)
    {
        Groups = groups;
        foreach (var option in groups.SelectMany(group => group.Options))
        {
            Options.Add(option);
        }
    }

    /// <summary>The groups, in the order of its help.</summary>
    public IReadOnlyList<OptionGroup> Groups { get; }
}
