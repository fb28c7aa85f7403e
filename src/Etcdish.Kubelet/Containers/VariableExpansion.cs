using System.Text;

namespace Etcdish.Kubelet.Containers;

/// <summary>
/// References to variables in commands, arguments, values and sub paths: <c>$(NAME)</c> is the variable's value, <c>$$</c> is <c>$</c>, and
/// all else is itself. Values are not looked at again, so nothing can refer to itself for ever.
/// </summary>
internal static class VariableExpansion
{
    /// <summary>Replaces references; those to variables that are not there stay as they are.</summary>
    /// <param name="text">The text.</param>
    /// <param name="find">A variable's value; null: there is none.</param>
    public static string Expand(string text, Func<string, string?> find)
    {
        var next = text.IndexOf('$');
        if (next < 0)
        {
            return text;
        }

        var (expanded, from) = (new StringBuilder(text.Length), 0);
        while (next >= 0 && next + 1 < text.Length)
        {
            expanded.Append(text, from, next - from);
            from = next + Replace(text, next, expanded, find);
            next = from < text.Length ? text.IndexOf('$', from) : -1;
        }

        return expanded.Append(text, from, text.Length - from).ToString();
    }

    /// <summary>Replaces references, all of which must lead somewhere.</summary>
    /// <exception cref="ContainerConfigException">One does not.</exception>
    public static string ExpandStrictly(string text, Func<string, string?> find) => Expand(
        text, name => find(name) ?? throw new ContainerConfigException($"missing value for \"{name}\""));

    /// <summary>Replaces references in each of several texts.</summary>
    public static IReadOnlyList<string> Expand(IReadOnlyList<string> texts, Func<string, string?> find) =>
        [.. texts.Select(text => Expand(text, find))];

    /// <summary>Appends what stands for the sign at a place; how many characters of the text that was.</summary>
    private static int Replace(string text, int at, StringBuilder expanded, Func<string, string?> find)
    {
        if (text[at + 1] == '$')
        {
            expanded.Append('$');
            return 2;
        }

        var end = text[at + 1] == '(' ? text.IndexOf(')', at) : -1;
        if (end < 0)
        {
            expanded.Append(text, at, 2);
            return 2;
        }

        var name = text[(at + 2)..end];
        expanded.Append(find(name) ?? $"$({name})");
        return end + 1 - at;
    }
}
