namespace Etcdish.ApiServer.Kinds;

/// <summary>The addresses of a service within the cluster, and their families.</summary>
internal static class ServiceAddressRules
{
    private const string OnceSet = "may not change once set";

    private static readonly string[] _families = ["IPv4", "IPv6"];
    private static readonly string[] _policies = ["PreferDualStack", "RequireDualStack", "SingleStack"];

    /// <summary>Whether a service has no address of its own.</summary>
    public static bool IsHeadless(CheckedField spec) => spec["clusterIPs"].Count == 1 && spec["clusterIPs"][0].Text == "None";

    /// <summary>Checks the addresses of a service.</summary>
    public static void Check(CheckedField spec)
    {
        if (spec["type"].Text == "ExternalName")
        {
            return;
        }

        var addresses = spec["clusterIPs"];
        if (spec["clusterIP"].HasText)
        {
            if (addresses.Count == 0)
            {
                addresses.Required();
            }
            else if (addresses[0].Text != spec["clusterIP"].Text)
            {
                addresses.Invalid("first value must match `clusterIP`");
            }
        }
        else if (addresses.Count > 0)
        {
            addresses.Invalid("must be empty when `clusterIP` is not specified");
        }

        var families = spec["ipFamilies"];
        for (var i = 0; i < families.Count; i++)
        {
            families[i].OneOf(_families);
            if (i > 0 && families[0].Text == families[i].Text)
            {
                families[i].Duplicate();
            }
        }

        spec["ipFamilyPolicy"].OneOfIfSet(_policies);
        CheckAddresses(spec, addresses, families);
    }

    /// <summary>The first address of a service is its for life, unless it is external or headless in between.</summary>
    public static void CheckChange(CheckedField spec, CheckedField stored)
    {
        if (spec["type"].Text == "ExternalName" || stored["type"].Text == "ExternalName" || (IsHeadless(spec) && IsHeadless(stored)))
        {
            return;
        }

        CheckListChange(spec, stored, "clusterIPs", "clusterIP");
        if (IsHeadless(spec) == IsHeadless(stored))
        {
            CheckListChange(spec, stored, "ipFamilies", "ipFamily");
        }
    }

    private static void CheckAddresses(CheckedField spec, CheckedField addresses, CheckedField families)
    {
        const int Most = 2;
        var areGood = true;
        for (var i = 0; i < addresses.Count; i++)
        {
            if (i == 0 && addresses[i].Text == "None")
            {
                if (addresses.Count > 1)
                {
                    areGood = false;
                    addresses.Invalid("'None' must be the first and only value");
                }

                continue;
            }

            areGood &= addresses[i].Address();
        }

        if (addresses.Count > Most)
        {
            addresses.Invalid("may only hold up to 2 values");
        }

        if (!areGood || IsHeadless(spec))
        {
            return;
        }

        if (addresses.Count == Most && NetworkText.IsV6(addresses[0].Text) == NetworkText.IsV6(addresses[1].Text))
        {
            addresses.Invalid("may specify no more than one IP for each IP family");
        }

        for (var i = 0; i < addresses.Count && i < families.Count; i++)
        {
            var isV6 = NetworkText.IsV6(addresses[i].Text);
            if (families[i].Text is "IPv4" or "IPv6" && isV6 != (families[i].Text == "IPv6"))
            {
                addresses[i].Invalid($"expected an {families[i].Text} value as indicated by `ipFamilies[{i}]`", addresses[i].Text);
            }
        }
    }

    private static void CheckListChange(CheckedField spec, CheckedField stored, string list, string item)
    {
        var (now, before) = (spec[list], stored[list]);
        if (now.Count == before.Count)
        {
            for (var i = 0; i < now.Count; i++)
            {
                if (now[i].Text != before[i].Text)
                {
                    now[i].Holding(now.Value).Invalid(OnceSet);
                }
            }

            return;
        }

        if (now.Count == 0)
        {
            now[0].Holding(now.Value).Invalid($"primary {item} can not be unset");
        }
        else if (before.Count > 0 && now[0].Text != before[0].Text)
        {
            now[0].Holding(now.Value).Invalid(OnceSet);
        }

        if (now.Count < before.Count && now.Count == 1 && spec["ipFamilyPolicy"].Text != "SingleStack")
        {
            spec["ipFamilyPolicy"].Invalid($"must be set to 'SingleStack' when releasing the secondary {item}");
        }
    }
}
