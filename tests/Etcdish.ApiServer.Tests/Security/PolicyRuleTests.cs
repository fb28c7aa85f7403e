using Etcdish.ApiServer.Security;
using Etcdish.ApiServer.Security.Rbac;

namespace Etcdish.ApiServer.Tests.Security;

/// <summary>What rules allow, and which rules are within others. Rules are written as in the table of bootstrap roles.</summary>
public class PolicyRuleTests
{
    [TestCase("get core pods", "get core pods", true)]
    [TestCase("get core pods", "list core pods", false)]
    [TestCase("get core pods", "get apps pods", false)]
    [TestCase("get core pods", "get core pods/log", false, Description = "a resource does not bring its subresources")]
    [TestCase("get core pods/log", "get core pods/log", true)]
    [TestCase("get core pods/log", "get core pods", false)]
    [TestCase("get core */log", "get core pods/log", true)]
    [TestCase("get core */log", "get core pods/status", false)]
    [TestCase("get core pods/*", "get core pods/log", false, Description = "there is no such wildcard")]
    [TestCase("get core *", "get core pods/log", true)]
    [TestCase("* * *", "escalate rbac.authorization.k8s.io roles", true)]
    [TestCase("* * *", "get /healthz", false)]
    [TestCase("* *", "get /healthz", true)]
    [TestCase("* *", "get core pods", false)]
    [TestCase("get core pods names=a,b", "get core pods b", true)]
    [TestCase("get core pods names=a,b", "get core pods c", false)]
    [TestCase("list core pods names=a", "list core pods", false)]
    [TestCase("get /healthz", "get /healthz", true)]
    [TestCase("get /healthz", "get /healthz/etcd", false)]
    [TestCase("get /healthz/*", "get /healthz/etcd", true)]
    [TestCase("get /api*", "get /apis", true)]
    [TestCase("get /healthz", "post /healthz", false)]
    public void A_rule_allows_what_it_names(string rule, string wish, bool isAllowed) =>
        Assert.That(Rules(rule)[0].Allows(Wish(wish)), Is.EqualTo(isAllowed));

    [TestCase("get core pods", "get core pods", "")]
    [TestCase("* core pods", "get,list core pods", "")]
    [TestCase("get * pods", "get apps pods", "")]
    [TestCase("get core *", "get core pods/log", "")]
    [TestCase("get core */log", "get core pods/log", "")]
    [TestCase("get core pods", "get core pods names=a", "")]
    [TestCase("get core pods; list core pods", "get,list core pods", "")]
    [TestCase("get /api/*", "get /api/v1", "")]
    [TestCase("get /api/*", "get /api/v1/*", "")]
    [TestCase("get core pods", "get core *", "{APIGroups:[\"\"], Resources:[\"*\"], Verbs:[\"get\"]}")]
    [TestCase("get core pods", "* core pods", "{APIGroups:[\"\"], Resources:[\"pods\"], Verbs:[\"*\"]}")]
    [TestCase("get core pods", "get,list,watch core pods", "{APIGroups:[\"\"], Resources:[\"pods\"], Verbs:[\"list\" \"watch\"]}")]
    [TestCase("get core pods names=a", "get core pods", "{APIGroups:[\"\"], Resources:[\"pods\"], Verbs:[\"get\"]}")]
    [TestCase("get core pods names=a", "get core pods names=a,b", "{APIGroups:[\"\"], Resources:[\"pods\"], ResourceNames:[\"b\"], Verbs:[\"get\"]}")]
    [TestCase("get /api", "get /api/*", "{NonResourceURLs:[\"/api/*\"], Verbs:[\"get\"]}")]
    [TestCase("* * *", "get /metrics", "{NonResourceURLs:[\"/metrics\"], Verbs:[\"get\"]}")]
    [TestCase("get /*", "get core pods", "{APIGroups:[\"\"], Resources:[\"pods\"], Verbs:[\"get\"]}")]
    public void What_is_granted_beyond_what_is_held_is_told(string held, string wanted, string missing) =>
        Assert.That(string.Join('\n', RuleCoverage.Missing(Rules(held), Rules(wanted))), Is.EqualTo(missing));

    [Test]
    public void What_rules_allow_is_within_what_covers_them()
    {
        var covered = 0;
        const int Seed = 4711;
        var random = new Random(Seed);
        for (var i = 0; i < 20_000; i++)
        {
            var (held, wanted) = (Some(random), Some(random));
            if (RuleCoverage.Missing([held], [wanted]).Count > 0)
            {
                continue;
            }

            foreach (var wish in _wishes.Where(wanted.Allows))
            {
                covered++;
                Assert.That(held.Allows(wish), Is.True, $"seed {Seed}, try {i}: {held} covers {wanted}, but not for {wish}");
            }
        }

        Assert.That(covered, Is.GreaterThan(500), "rules that allow something within others");
    }

    private static readonly AccessRequest[] _wishes =
    [
        .. from verb in new[] { "get", "list" }
           from thing in new[] { "core pods", "apps pods", "core pods/log", "core pods a", "core pods b", "core nodes/log", "/x", "/x/y", "/y" }
           select Wish($"{verb} {thing}"),
    ];

    private static PolicyRule Some(Random random)
    {
        string[] Pick(params string[] all) => [.. all.Where(_ => random.Next(3) == 0)];
        return random.Next(4) == 0
            ? new PolicyRule { Verbs = Pick("get", "list", "*"), Paths = Pick("/x", "/x/*", "*", "/y") }
            : new PolicyRule
            {
                Verbs = Pick("get", "list", "*"),
                Groups = Pick("", "apps", "*"),
                Resources = Pick("pods", "pods/log", "*/log", "*", "nodes/log"),
                Names = Pick("a", "b"),
            };
    }

    private static PolicyRule[] Rules(string text) => PolicyRule.ReadAll(PolicyNotation
        .Read("clusterrole x\n" + string.Join('\n', text.Split(';', StringSplitOptions.TrimEntries).Select(line => "  " + line)))[0].Content);

    private static AccessRequest Wish(string text)
    {
        var user = new RequestUser("u", []);
        var words = text.Split(' ');
        if (words.Length == 2)
        {
            return new AccessRequest(user, words[0]) { Path = words[1] };
        }

        var resource = words[2].Split('/');
        return new AccessRequest(user, words[0])
        {
            Group = words[1] == "core" ? "" : words[1],
            Resource = resource[0],
            Subresource = resource.Length > 1 ? resource[1] : "",
            Name = words.Length > 3 ? words[3] : "",
        };
    }
}
