using System.Globalization;

namespace Etcdish.Server.Configuration;

/// <summary>The texts given for options, checked as they arrive so that an error can name the place it came from.</summary>
internal sealed class OptionValues
{
    private readonly Dictionary<string, string> _given = new(StringComparer.Ordinal);

    /// <summary>Number of options given.</summary>
    public int GivenCount => _given.Count;

    /// <summary>Whether the option was given anywhere.</summary>
    public bool IsGiven(string name) => _given.ContainsKey(name);

    /// <summary>Takes a value.</summary>
    /// <param name="option">Which option.</param>
    /// <param name="text">Its text.</param>
    /// <param name="origin">Where it stands, for the error: "--name", "ETCD_NAME" or "name in file".</param>
    /// <param name="exitCode">Exit code when the text cannot be read.</param>
    public void Set(OptionDefinition option, string text, string origin, int exitCode)
    {
        if (Complaint(option, text) is { } complaint)
        {
            throw new OptionException($"invalid value \"{text}\" for {origin}: {complaint}", exitCode);
        }

        if (option.Support == OptionSupport.RefusedUnlessDefault && !IsDefault(option, text))
        {
            throw new OptionException($"{origin} is not supported by this server ({option.Help}); remove it to go on without");
        }

        _given[option.Name] = text;
    }

    /// <summary>Options given with a value that has no effect.</summary>
    public IEnumerable<OptionDefinition> WithoutEffect() => OptionTable.Sections
        .SelectMany(section => section.Options)
        .Where(option => option.Support == OptionSupport.NoEffect
            && _given.TryGetValue(option.Name, out string? text) && !IsDefault(option, text));

    /// <summary>Text of an option, given or default.</summary>
    public string Text(string name) => _given.GetValueOrDefault(name) ?? OptionTable.ByName[name].Default;

    /// <summary>Value of a switch.</summary>
    public bool Switch(string name) => TryParseSwitch(Text(name), out bool value) && value;

    /// <summary>Value of a number.</summary>
    public long Number(string name) => ParseNumber(Text(name))!.Value;

    /// <summary>Value of a duration.</summary>
    public TimeSpan Duration(string name) => GoDuration.TryParse(Text(name), out TimeSpan value) ? value : TimeSpan.Zero;

    /// <summary>Elements of a comma-separated list.</summary>
    public IReadOnlyList<string> List(string name) =>
        Text(name).Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);

    /// <summary>URLs of a comma-separated list.</summary>
    public IReadOnlyList<EtcdUrl> Urls(string name) => [.. List(name).Select(EtcdUrl.Parse)];

    private static bool IsDefault(OptionDefinition option, string text) => option.Kind switch
    {
        OptionKind.Switch => TryParseSwitch(text, out bool value) && TryParseSwitch(option.Default, out bool other) && value == other,
        _ => text == option.Default,
    };

    private static string? Complaint(OptionDefinition option, string text)
    {
        switch (option.Kind)
        {
            case OptionKind.Switch:
                return TryParseSwitch(text, out _) ? null : "use true or false";
            case OptionKind.Duration:
                return GoDuration.TryParse(text, out _) ? null : "use a number with a unit, such as 250ms, 5s or 1h30m";
            case OptionKind.Number:
                return NumberComplaint(option, text);
            case OptionKind.Urls:
                return UrlsComplaint(text);
            default:
                return option.Choices is { } choices && !choices.Contains(text, StringComparer.Ordinal)
                    ? $"use one of {string.Join(", ", choices.Where(choice => choice.Length > 0))}"
                    : null;
        }
    }

    private static string? NumberComplaint(OptionDefinition option, string text)
    {
        if (ParseNumber(text) is not { } number)
        {
            return "use a whole number";
        }

        return number >= option.Minimum && number <= option.Maximum
            ? null
            : FormattableString.Invariant($"use a number from {option.Minimum} to {option.Maximum}");
    }

    private static string? UrlsComplaint(string text)
    {
        try
        {
            foreach (string url in text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
            {
                EtcdUrl.Parse(url);
            }

            return null;
        }
        catch (FormatException e)
        {
            return e.Message;
        }
    }

    private static long? ParseNumber(string text)
    {
        bool isHex = text.StartsWith("0x", StringComparison.OrdinalIgnoreCase);
        NumberStyles styles = isHex ? NumberStyles.AllowHexSpecifier : NumberStyles.AllowLeadingSign;
        return long.TryParse(isHex ? text.AsSpan(2) : text, styles, CultureInfo.InvariantCulture, out long number) ? number : null;
    }

    private static bool TryParseSwitch(string text, out bool value)
    {
        value = text is "1" or "t" or "T" or "TRUE" or "true" or "True";
        return value || text is "0" or "f" or "F" or "FALSE" or "false" or "False";
    }
}
