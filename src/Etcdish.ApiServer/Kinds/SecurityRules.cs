using System.Buffers;

namespace Etcdish.ApiServer.Kinds;

/// <summary>The security contexts of pods and containers.</summary>
internal static class SecurityRules
{
    private const int MaxSysctl = 253;
    private const string SysctlPattern = "^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$";

    private static readonly SearchValues<char> _sysctlLetters = SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789-_");
    private static readonly string[] _groupChange = ["Always", "OnRootMismatch"];
    private static readonly string[] _groupPolicies = ["Merge", "Strict"];
    private static readonly string[] _seLinuxChange = ["MountOption", "Recursive"];
    private static readonly string[] _profiles = ["Localhost", "RuntimeDefault", "Unconfined"];
    private static readonly string[] _procMounts = ["Default", "Unmasked"];

    /// <summary>The security context of a pod.</summary>
    public static void CheckPod(CheckedField spec)
    {
        var context = spec["securityContext"];
        CheckId(context["fsGroup"]);
        CheckId(context["runAsUser"]);
        CheckId(context["runAsGroup"]);
        foreach (var group in context["supplementalGroups"].Items)
        {
            CheckId(group);
        }

        if (spec["shareProcessNamespace"].IsTrue && spec["hostPID"].IsTrue)
        {
            context.Child("shareProcessNamespace", true).Invalid("ShareProcessNamespace and HostPID cannot both be enabled");
        }

        CheckSysctls(spec, context["sysctls"]);
        context["fsGroupChangePolicy"].OneOfIfSet(_groupChange);
        CheckSeccomp(context["seccompProfile"]);
        CheckAppArmor(context["appArmorProfile"]);
        context["supplementalGroupsPolicy"].OneOfIfSet(_groupPolicies);
        context["seLinuxChangePolicy"].OneOfIfSet(_seLinuxChange);
    }

    /// <summary>The security context of a container.</summary>
    public static void CheckContainer(CheckedField context, bool hasHostUsers)
    {
        if (!context.IsSet)
        {
            return;
        }

        CheckId(context["runAsUser"]);
        CheckId(context["runAsGroup"]);
        context["procMount"].OneOfIfSet(_procMounts);
        if (hasHostUsers && context["procMount"].Text == "Unmasked")
        {
            context["procMount"].Invalid("`hostUsers` must be false to use `Unmasked`");
        }

        CheckSeccomp(context["seccompProfile"]);
        if (context["allowPrivilegeEscalation"].IsFalse)
        {
            if (context["privileged"].IsTrue)
            {
                context.Invalid("cannot set `allowPrivilegeEscalation` to false and `privileged` to true");
            }

            if (context["capabilities"]["add"].HasItem("CAP_SYS_ADMIN"))
            {
                context.Invalid("cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN");
            }
        }

        CheckAppArmor(context["appArmorProfile"]);
    }

    /// <summary>Pods with users of their own share no other namespaces with their node.</summary>
    public static void CheckHostUsers(CheckedField spec)
    {
        if (!spec["hostUsers"].IsFalse)
        {
            return;
        }

        foreach (var (field, shown) in (ReadOnlySpan<(string, string)>)
            [("hostNetwork", "hostNetwork"), ("hostPID", "HostPID"), ("hostIPC", "HostIPC")])
        {
            if (spec[field].IsTrue)
            {
                spec.Child(shown, true).Forbidden("when `pod.Spec.HostUsers` is false");
            }
        }
    }

    private static void CheckId(CheckedField id)
    {
        if (id.Number is < 0 or > int.MaxValue)
        {
            id.Invalid(CommonChecks.InclusiveRange(0, int.MaxValue));
        }
    }

    private static void CheckSysctls(CheckedField spec, CheckedField sysctls)
    {
        for (var i = 0; i < sysctls.Count; i++)
        {
            var name = sysctls[i]["name"];
            if (!name.RequireText())
            {
                continue;
            }

            if (!IsSysctl(name.Text))
            {
                name.Invalid($"must have at most {MaxSysctl} characters and match regex {SysctlPattern}", name.Text);
            }

            for (var j = 0; j < i; j++)
            {
                if (sysctls[j]["name"].Text == name.Text)
                {
                    name.Duplicate();
                    break;
                }
            }

            if (spec["hostNetwork"].IsTrue && name.Text.Replace('/', '.').StartsWith("net.", StringComparison.Ordinal))
            {
                name.Invalid("may not be specified when 'hostNetwork' is true", name.Text);
            }

            if (spec["hostIPC"].IsTrue && IsIpc(name.Text.Replace('/', '.')))
            {
                name.Invalid("may not be specified when 'hostIPC' is true", name.Text);
            }
        }
    }

    private static bool IsIpc(string sysctl) => sysctl.StartsWith("kernel.shm", StringComparison.Ordinal)
        || sysctl.StartsWith("kernel.msg", StringComparison.Ordinal) || sysctl.StartsWith("fs.mqueue.", StringComparison.Ordinal)
        || sysctl == "kernel.sem";

    private static bool IsSysctl(string name)
    {
        if (name.Length > MaxSysctl)
        {
            return false;
        }

        foreach (var range in name.AsSpan().SplitAny('.', '/'))
        {
            var part = name.AsSpan()[range];
            if (part.Length == 0 || part[0] is '-' or '_' || part[^1] is '-' or '_'
                || part.ContainsAnyExcept(_sysctlLetters))
            {
                return false;
            }
        }

        return true;
    }

    private static void CheckSeccomp(CheckedField profile)
    {
        if (!profile.IsSet)
        {
            return;
        }

        var type = profile["type"];
        if (type.RequireText("type is required when seccompProfile is set"))
        {
            type.OneOf(_profiles);
        }

        var path = profile["localhostProfile"];
        if (type.Text != "Localhost")
        {
            if (path.IsSet)
            {
                path.Holding(profile.Value).Invalid("can only be set when seccomp type is Localhost");
            }
        }
        else if (!path.IsSet)
        {
            path.Required("must be set when seccomp type is Localhost");
        }
        else
        {
            path.DescendingPath();
        }
    }

    private static void CheckAppArmor(CheckedField profile)
    {
        if (!profile.IsSet)
        {
            return;
        }

        const int MaxPath = 4095;
        var name = profile["localhostProfile"];
        if (!profile["type"].RequireText("type is required when appArmorProfile is set"))
        {
            return;
        }

        profile["type"].OneOf(_profiles);
        if (profile["type"].Text != "Localhost")
        {
            if (name.IsSet)
            {
                name.Invalid("can only be set when AppArmor type is Localhost");
            }
        }
        else if (name.Text.Trim() != name.Text)
        {
            name.Invalid("must not be padded with whitespace", name.Text);
        }
        else if (name.RequireText("must be set when AppArmor type is Localhost") && name.Text.Length > MaxPath)
        {
            name.TooLong(MaxPath);
        }
    }
}
