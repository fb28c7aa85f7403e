using System.Text;

namespace Etcdish.Interop;

/// <summary>Splits a line into arguments: blanks separate, single and double quotes hold together, <c>\0</c> stands for itself.</summary>
internal static class CommandLine
{
    public static IReadOnlyList<string> Split(string line)
    {
        var arguments = new List<string>();
        var current = new StringBuilder();
        char quote = '\0';
        bool isOpen = false;
        foreach (char next in line)
        {
            if (quote != '\0' ? next == quote : next is '\'' or '"')
            {
                quote = quote == '\0' ? next : '\0';
                isOpen = true;
            }
            else if (next == ' ' && quote == '\0')
            {
                if (isOpen || current.Length > 0)
                    arguments.Add(current.ToString());
                current.Clear();
                isOpen = false;
            }
            else
            {
                current.Append(next);
            }
        }

        if (isOpen || current.Length > 0)
            arguments.Add(current.ToString());
        return arguments;
    }
}
