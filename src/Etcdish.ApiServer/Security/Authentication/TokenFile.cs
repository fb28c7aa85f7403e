using System.Security.Cryptography;
using System.Text;

namespace Etcdish.ApiServer.Security.Authentication;

/// <summary>
/// Tokens of a file that is read once: a line each, <c>token,user,uid</c> and, optionally, groups: one, or several with commas between
/// in double quotes. They are for every audience.
/// </summary>
internal sealed class TokenFile : ITokenAuthenticator
{
    private const int MinColumns = 3;

    // By hash, so that the time of a search tells nothing of a token.
    private readonly Dictionary<string, RequestUser> _byHash = new(StringComparer.Ordinal);

    private TokenFile()
    {
    }

    /// <exception cref="IOException">The file cannot be read, or a line of it cannot be understood.</exception>
    public static TokenFile Open(string path)
    {
        var result = new TokenFile();
        var number = 0;
        foreach (var line in File.ReadLines(path))
        {
            number++;
            if (line.Trim() is { Length: > 0 } text && !text.StartsWith('#'))
            {
                result.Add(SplitColumns(text), $"{path}, line {number}");
            }
        }

        return result;
    }

    public ValueTask<TokenVerdict> VerifyAsync(string token, IReadOnlyList<string> audiences, CancellationToken cancellation) =>
        new(_byHash.TryGetValue(Hash(token), out var user) ? TokenVerdict.Accept(user, audiences) : TokenVerdict.Unknown);

    private void Add(List<string> columns, string where)
    {
        if (columns.Count < MinColumns || columns[0].Length == 0 || columns[1].Length == 0)
        {
            throw new IOException($"{where}: a token's line has at least {MinColumns} columns (token, user name, user uid), found {columns.Count}");
        }

        var groups = columns.Count > MinColumns ? columns[MinColumns].Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries) : [];
        _byHash[Hash(columns[0])] = new RequestUser(columns[1], [.. groups, RequestUser.Authenticated]) { Uid = columns[2] };
    }

    private static string Hash(string token) => Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(token)));

    private static List<string> SplitColumns(string line)
    {
        var columns = new List<string>();
        var current = new StringBuilder();
        var isQuoted = false;
        foreach (var next in line)
        {
            if (next == '"')
            {
                isQuoted = !isQuoted;
            }
            else if (next == ',' && !isQuoted)
            {
                columns.Add(current.ToString().Trim());
                current.Clear();
            }
            else
            {
                current.Append(next);
            }
        }

        columns.Add(current.ToString().Trim());
        return columns;
    }
}
