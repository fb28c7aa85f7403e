namespace Etcdish.ApiServer.Security.Rbac;

/// <summary>What rules grant beyond other rules: nobody may hand out what he does not hold.</summary>
internal static class RuleCoverage
{
    /// <summary>What is granted by <paramref name="wanted"/> and not by <paramref name="held"/>, in rules that are as few as they simply can be.</summary>
    public static IReadOnlyList<PolicyRule> Missing(IReadOnlyList<PolicyRule> held, IEnumerable<PolicyRule> wanted)
    {
        var missing = new List<PolicyRule>();
        foreach (var single in wanted.SelectMany(rule => rule.Split()))
        {
            if (!held.Any(rule => rule.Covers(single)))
            {
                Add(missing, single);
            }
        }

        return missing;
    }

    /// <summary>Adds a rule of one verb, as a further verb of a rule for the same thing if there is one.</summary>
    private static void Add(List<PolicyRule> rules, PolicyRule single)
    {
        for (var i = 0; i < rules.Count && single.Paths.Length == 0; i++)
        {
            if ((rules[i] with { Verbs = single.Verbs }).SameAs(single))
            {
                if (!rules[i].Verbs.Contains(single.Verbs[0]))
                {
                    rules[i] = rules[i] with { Verbs = [.. rules[i].Verbs, single.Verbs[0]] };
                }

                return;
            }
        }

        rules.Add(single);
    }
}
