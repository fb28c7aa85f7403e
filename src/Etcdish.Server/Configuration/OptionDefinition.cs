namespace Etcdish.Server.Configuration;

/// <summary>How the text of an option is read.</summary>
internal enum OptionKind
{
    Text,
    Switch,
    Number,
    Duration,
    Urls,
    List,
}

/// <summary>What becomes of an option's value.</summary>
internal enum OptionSupport
{
    /// <summary>The server acts on it.</summary>
    InForce,

    /// <summary>Accepted so that existing unit files start; a value other than the default is reported as having no effect.</summary>
    NoEffect,

    /// <summary>A value other than the default would promise something that the server does not do, so it is refused.</summary>
    RefusedUnlessDefault,
}

/// <summary>One option of the server: a row of <see cref="OptionTable"/>, from which flag, environment variable, YAML key and help come.</summary>
/// <param name="Name">Flag name without dashes; also the YAML key.</param>
/// <param name="Kind">How its text is read.</param>
/// <param name="Default">Text of the default.</param>
/// <param name="Support">What becomes of the value.</param>
/// <param name="Help">One line for --help.</param>
/// <param name="Minimum">Least number, for <see cref="OptionKind.Number"/>.</param>
/// <param name="Maximum">Greatest number, for <see cref="OptionKind.Number"/>.</param>
internal sealed record OptionDefinition(
    string Name,
    OptionKind Kind,
    string Default,
    OptionSupport Support,
    string Help,
    long Minimum = 0,
    long Maximum = long.MaxValue)
{
    /// <summary>Values allowed, or null for any.</summary>
    public string[]? Choices { get; init; }

    /// <summary>Name of the environment variable that sets it.</summary>
    public string EnvironmentVariable { get; } = "ETCD_" + Name.ToUpperInvariant().Replace('-', '_');
}
