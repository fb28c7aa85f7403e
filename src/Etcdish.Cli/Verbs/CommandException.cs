namespace Etcdish.Cli.Verbs;

/// <summary>A command cannot be carried out as it was given.</summary>
/// <param name="message">One line that says what to change.</param>
internal sealed class CommandException(string message) : Exception(message);
