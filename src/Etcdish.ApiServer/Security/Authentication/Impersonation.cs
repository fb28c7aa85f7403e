using Etcdish.ApiServer.Http;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;

namespace Etcdish.ApiServer.Security.Authentication;

/// <summary>Lets a user act as somebody else, if he may: as that user, in each of those groups, with that uid and extra.</summary>
internal sealed class Impersonation(Authorizer authorizer)
{
    private const string Prefix = "Impersonate-";
    private const string Verb = "impersonate";
    private const string AuthenticationGroup = "authentication.k8s.io";

    /// <summary>Who the request is to be taken as; the user himself if it asks for nobody else.</summary>
    /// <exception cref="ApiException">He may not, or it cannot be understood.</exception>
    public ValueTask<RequestUser> ApplyAsync(HttpContext http, RequestUser user)
    {
        foreach (var header in http.Request.Headers)
        {
            if (header.Key.StartsWith(Prefix, StringComparison.OrdinalIgnoreCase))
            {
                return BecomeAsync(http, user);
            }
        }

        return new(user);
    }

    private async ValueTask<RequestUser> BecomeAsync(HttpContext http, RequestUser user)
    {
        var headers = http.Request.Headers;
        var name = headers[$"{Prefix}User"].ToString();
        if (name.Length == 0)
        {
            throw ApiErrors.BadRequest("a group, uid or extra is to be impersonated without a user");
        }

        var cancellation = http.RequestAborted;
        var isAccount = ServiceAccountName.TrySplit(name, out var scope, out var account);
        await authorizer.RequireAsync(
            isAccount
                ? new AccessRequest(user, Verb) { Resource = "serviceaccounts", Namespace = scope, Name = account }
                : new AccessRequest(user, Verb) { Resource = "users", Name = name },
            cancellation);
        var named = headers[$"{Prefix}Group"];
        foreach (var group in named)
        {
            await authorizer.RequireAsync(new AccessRequest(user, Verb) { Resource = "groups", Name = group ?? "" }, cancellation);
        }

        var uid = headers[$"{Prefix}Uid"].ToString();
        if (uid.Length > 0)
        {
            await authorizer.RequireAsync(
                new AccessRequest(user, Verb) { Group = AuthenticationGroup, Version = "v1", Resource = "uids", Name = uid }, cancellation);
        }

        return new RequestUser(name, GroupsOf(name, isAccount ? scope : null, named))
        {
            Uid = uid,
            Extra = await ReadExtraAsync(headers, user, cancellation),
        };
    }

    /// <summary>The groups named, or those an account has; and whether he said who he is.</summary>
    private static List<string> GroupsOf(string name, string? scope, StringValues named)
    {
        var groups = new List<string>();
        foreach (var group in named)
        {
            groups.Add(group ?? "");
        }

        if (groups.Count == 0 && scope is not null)
        {
            groups.AddRange(ServiceAccountName.Groups(scope));
        }

        var isAnonymous = name == RequestUser.AnonymousName;
        if (!groups.Contains(RequestUser.Unauthenticated) && (isAnonymous || !groups.Contains(RequestUser.Authenticated)))
        {
            groups.Add(isAnonymous ? RequestUser.Unauthenticated : RequestUser.Authenticated);
        }

        return groups;
    }

    private async ValueTask<SortedDictionary<string, IReadOnlyList<string>>> ReadExtraAsync(
        IHeaderDictionary headers, RequestUser user, CancellationToken cancellation)
    {
        const string ExtraPrefix = Prefix + "Extra-";
        var extra = RequestUser.NewExtra();
        foreach (var (header, values) in headers)
        {
            if (!header.StartsWith(ExtraPrefix, StringComparison.OrdinalIgnoreCase))
            {
                continue;
            }

            var key = Uri.UnescapeDataString(header[ExtraPrefix.Length..].ToLowerInvariant());
            var texts = values.Select(value => value ?? "").ToArray();
            foreach (var text in texts)
            {
                var wish = new AccessRequest(user, Verb)
                {
                    Group = AuthenticationGroup,
                    Version = "v1",
                    Resource = "userextras",
                    Subresource = key,
                    Name = text,
                };
                await authorizer.RequireAsync(wish, cancellation);
            }

            extra[key] = texts;
        }

        return extra;
    }
}
