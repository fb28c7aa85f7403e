using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Etcdish.ApiServer.Http;

namespace Etcdish.ApiServer.Registry;

/// <summary>Where a list in pages goes on. Clients give it back as they got it.</summary>
/// <param name="Revision">The revision of the first page; -1 to go on with what there is now.</param>
/// <param name="Start">The first key of the next page, behind the resource's prefix.</param>
internal readonly record struct ContinueToken(long Revision, string Start)
{
    private const string Version = "meta.k8s.io/v1";

    /// <exception cref="ApiException">The text is no token.</exception>
    public static ContinueToken Parse(string text)
    {
        try
        {
            var padded = text.Replace('-', '+').Replace('_', '/');
            padded = padded.PadRight((padded.Length + 3) / 4 * 4, '=');
            var token = ApiJson.Parse(Convert.FromBase64String(padded));
            if (token.Text("v") == Version && token.Number("rv") is { } revision && revision is > 0 or -1)
            {
                var start = token.Text("start");
                return start.Contains("..", StringComparison.Ordinal) || start.StartsWith('/')
                    ? throw Malformed()
                    : new ContinueToken(revision, start);
            }
        }
        catch (Exception e) when (e is FormatException or JsonException or InvalidOperationException)
        {
            throw Malformed();
        }

        throw Malformed();
    }

    public override string ToString()
    {
        var json = new JsonObject { ["v"] = Version, ["rv"] = Revision, ["start"] = Start };
        return Convert.ToBase64String(Encoding.UTF8.GetBytes(json.ToJsonString())).TrimEnd('=').Replace('+', '-').Replace('/', '_');
    }

    private static ApiException Malformed() => ApiErrors.BadRequest("continue key is not valid: it was not given out by this server");
}
