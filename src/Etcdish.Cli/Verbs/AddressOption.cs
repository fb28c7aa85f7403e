using System.CommandLine;
using System.CommandLine.Parsing;
using System.Net;

namespace Etcdish.Cli.Verbs;

/// <summary>Options that are addresses of machines.</summary>
internal static class AddressOption
{
    /// <summary>One address; null where the user gives none.</summary>
    public static Option<IPAddress?> One(string name, string description) => new(name)
    {
        Description = description,
        CustomParser = result => Parse(result) is [var address, ..] ? address : null,
    };

    /// <summary>Any number of addresses, with commas between.</summary>
    public static Option<IPAddress[]> Several(string name, string description) => new(name)
    {
        Description = description,
        CustomParser = Parse,
        DefaultValueFactory = _ => [],
    };

    private static IPAddress[] Parse(ArgumentResult result)
    {
        List<IPAddress> addresses = [];
        foreach (var text in result.Tokens.SelectMany(token => token.Value.Split(
            ',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)))
        {
            if (IPAddress.TryParse(text, out var address))
            {
                addresses.Add(address);
            }
            else
            {
                result.AddError($"{((OptionResult)result.Parent!).Option.Name} {text} is no IP address");
            }
        }

        return [.. addresses];
    }
}
