using Microsoft.AspNetCore.Http;

namespace Etcdish.ApiServer.Http;

/// <summary>Reads parameters in the spellings that clients of all languages use.</summary>
internal static class QueryValues
{
    /// <summary>A flag: absent is false, present without a value true.</summary>
    /// <exception cref="ApiException">It is neither.</exception>
    public static bool Flag(IQueryCollection query, string name) => OptionalFlag(query, name) ?? false;

    /// <summary>A flag, or null if it is absent.</summary>
    /// <exception cref="ApiException">It is neither true nor false.</exception>
    public static bool? OptionalFlag(IQueryCollection query, string name)
    {
        if (!query.TryGetValue(name, out var values))
        {
            return null;
        }

        return values[0] switch
        {
            null or "" or "1" or "t" or "T" or "true" or "TRUE" or "True" => true,
            "0" or "f" or "F" or "false" or "FALSE" or "False" => false,
            var other => throw ApiErrors.BadRequest($"the parameter {name} is neither true nor false: \"{other}\""),
        };
    }

    /// <summary>A whole number from 0 up, or null if it is absent.</summary>
    /// <exception cref="ApiException">It is no such number.</exception>
    public static long? Number(IQueryCollection query, string name)
    {
        var text = Text(query, name);
        if (text.Length == 0)
        {
            return null;
        }

        return long.TryParse(text, System.Globalization.NumberStyles.None, null, out var number)
            ? number
            : throw ApiErrors.BadRequest($"the parameter {name} is no whole number: \"{text}\"");
    }

    /// <summary>A text; empty if it is absent.</summary>
    public static string Text(IQueryCollection query, string name) => query.TryGetValue(name, out var values) ? values[0] ?? "" : "";
}
