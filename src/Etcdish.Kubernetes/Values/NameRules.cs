using System.Text;

namespace Etcdish.Kubernetes;

/// <summary>
/// The forms of names in Kubernetes. Each method returns what is wrong with a value, in Kubernetes' words; nothing if it is well formed.
/// Lengths count bytes, as Go does.
/// </summary>
public static class NameRules
{
    /// <summary>The longest label value, name part or RFC 1123 label, in bytes.</summary>
    public const int MaxLabelLength = 63;

    /// <summary>The longest RFC 1123 subdomain, in bytes.</summary>
    public const int MaxSubdomainLength = 253;

    /// <summary>All annotations of an object together, keys and values, in bytes.</summary>
    public const int MaxAnnotationBytes = 256 * 1024;

    private const string LabelPattern = "[a-z0-9]([-a-z0-9]*[a-z0-9])?";
    private const string SubdomainPattern = LabelPattern + @"(\." + LabelPattern + ")*";
    private const string QualifiedPattern = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]";

    private const string LabelMessage =
        "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', "
        + "and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '"
        + LabelPattern + "')";

    private const string SubdomainMessage =
        "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', "
        + "and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '" + SubdomainPattern
            + "')";

    private const string WildcardMessage =
        "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of "
        + "lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character "
        + @"(e.g. '*.example.com', regex used for validation is '\*\." + SubdomainPattern + "')";

    private const string Dns1035Message =
        "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, "
        + "and end with an alphanumeric character "
        + "(e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')";

    private const string QualifiedMessage =
        "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character "
        + "(e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '" + QualifiedPattern + "')";

    private const string LabelValueMessage =
        "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', "
        + "and must start and end with an alphanumeric character "
        + "(e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(" + QualifiedPattern + ")?')";

    private const string ConfigKeyMessage =
        "a valid config key must consist of alphanumeric characters, '-', '_' or '.' "
        + "(e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')";

    private const string VariableMessage =
        "a valid environment variable name must consist only of printable ASCII characters other than '='";

    /// <summary>An RFC 1123 label, such as the name of a namespace.</summary>
    public static IReadOnlyList<string> Dns1123Label(string value)
    {
        var problems = TooLong(value, MaxLabelLength);
        if (!IsLabel(value))
        {
            problems.Add(IsSubdomain(value) ? "must not contain dots" : LabelMessage);
        }

        return problems;
    }

    /// <summary>An RFC 1123 subdomain, such as the name of most objects.</summary>
    public static IReadOnlyList<string> Dns1123Subdomain(string value)
    {
        var problems = TooLong(value, MaxSubdomainLength);
        if (!IsSubdomain(value))
        {
            problems.Add(SubdomainMessage);
        }

        return problems;
    }

    /// <summary>A subdomain behind <c>*.</c>, such as the host of an ingress rule.</summary>
    public static IReadOnlyList<string> WildcardDns1123Subdomain(string value)
    {
        var problems = TooLong(value, MaxSubdomainLength);
        if (!value.StartsWith("*.", StringComparison.Ordinal) || !IsSubdomain(value.AsSpan(2)))
        {
            problems.Add(WildcardMessage);
        }

        return problems;
    }

    /// <summary>An RFC 1035 label, such as the name of a Service.</summary>
    public static IReadOnlyList<string> Dns1035Label(string value)
    {
        var problems = TooLong(value, MaxLabelLength);
        if (!IsLabel(value) || !char.IsAsciiLetterLower(value[0]))
        {
            problems.Add(Dns1035Message);
        }

        return problems;
    }

    /// <summary>A key of a label, annotation or taint, a finalizer, a resource: a name with an optional domain before it.</summary>
    public static IReadOnlyList<string> QualifiedName(string value)
    {
        var problems = new List<string>();
        var slash = value.IndexOf('/', StringComparison.Ordinal);
        if (slash != value.LastIndexOf('/'))
        {
            return [$"a qualified name {QualifiedMessage} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"];
        }

        if (slash == 0)
        {
            problems.Add("prefix part must be non-empty");
        }
        else if (slash > 0)
        {
            problems.AddRange(Dns1123Subdomain(value[..slash]).Select(p => "prefix part " + p));
        }

        var name = value[(slash + 1)..];
        if (name.Length == 0)
        {
            problems.Add("name part must be non-empty");
        }
        else
        {
            problems.AddRange(TooLong(name, MaxLabelLength).Select(p => "name part " + p));
        }

        if (!IsQualified(name))
        {
            problems.Add("name part " + QualifiedMessage);
        }

        return problems;
    }

    /// <summary>The key of an annotation: as a label's, in any case of its letters.</summary>
    public static IReadOnlyList<string> AnnotationKey(string value)
    {
#pragma warning disable CA1308 // The rule is about the name in lower case.
        return QualifiedName(value.ToLowerInvariant());
#pragma warning restore CA1308
    }

    /// <summary>The value of a label.</summary>
    public static IReadOnlyList<string> LabelValue(string value)
    {
        var problems = TooLong(value, MaxLabelLength);
        if (value.Length > 0 && !IsQualified(value))
        {
            problems.Add(LabelValueMessage);
        }

        return problems;
    }

    /// <summary>A name that can stand in a path, such as that of a Role.</summary>
    public static IReadOnlyList<string> PathSegment(string value) =>
        value is "." or ".." ? [$"may not be '{value}'"] : PathSegmentPrefix(value);

    /// <summary>The beginning of such a name, as in <c>generateName</c>.</summary>
    public static IReadOnlyList<string> PathSegmentPrefix(string value) =>
        [.. "/%".Where(c => value.Contains(c, StringComparison.Ordinal)).Select(c => $"may not contain '{c}'")];

    /// <summary>The name of a port, by which services find it.</summary>
    public static IReadOnlyList<string> PortName(string value)
    {
        var problems = TooLong(value, 15);
        if (value.Length == 0 || !value.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '-'))
        {
            problems.Add("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)");
        }

        if (!value.Any(char.IsAsciiLetterLower))
        {
            problems.Add("must contain at least one letter (a-z)");
        }

        if (value.Contains("--", StringComparison.Ordinal))
        {
            problems.Add("must not contain consecutive hyphens");
        }

        if (value.StartsWith('-') || value.EndsWith('-'))
        {
            problems.Add("must not begin or end with a hyphen");
        }

        return problems;
    }

    /// <summary>The number of a port: 1 to 65535.</summary>
    public static IReadOnlyList<string> PortNumber(long value) =>
        value is >= 1 and <= 65535 ? [] : ["must be between 1 and 65535, inclusive"];

    /// <summary>A key of a ConfigMap or Secret.</summary>
    public static IReadOnlyList<string> ConfigMapKey(string value)
    {
        var problems = TooLong(value, MaxSubdomainLength);
        if (value.Length == 0 || !value.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '.' or '_'))
        {
            problems.Add(ConfigKeyMessage);
        }

        if (value is "." or "..")
        {
            problems.Add($"must not be '{value}'");
        }
        else if (value.StartsWith("..", StringComparison.Ordinal))
        {
            problems.Add("must not start with '..'");
        }

        return problems;
    }

    /// <summary>The name of an environment variable.</summary>
    public static IReadOnlyList<string> EnvironmentVariable(string value) =>
        value.Length == 0 ? ["environment variable name must be non-empty"]
        : value.Any(c => c is < ' ' or > '~' or '=') ? [VariableMessage]
        : [];

    private static List<string> TooLong(string value, int limit) =>
        Encoding.UTF8.GetByteCount(value) > limit ? [$"must be no more than {limit} characters"] : [];

    private static bool IsSubdomain(ReadOnlySpan<char> value)
    {
        foreach (var part in value.Split('.'))
        {
            if (!IsLabel(value[part]))
            {
                return false;
            }
        }

        return true;
    }

    private static bool IsLabel(ReadOnlySpan<char> value)
    {
        foreach (var c in value)
        {
            if (!char.IsAsciiLetterLower(c) && !char.IsAsciiDigit(c) && c != '-')
            {
                return false;
            }
        }

        return value.Length > 0 && value[0] != '-' && value[^1] != '-';
    }

    private static bool IsQualified(ReadOnlySpan<char> value)
    {
        foreach (var c in value)
        {
            if (!char.IsAsciiLetterOrDigit(c) && c is not ('-' or '_' or '.'))
            {
                return false;
            }
        }

        return value.Length > 0 && char.IsAsciiLetterOrDigit(value[0]) && char.IsAsciiLetterOrDigit(value[^1]);
    }
}
