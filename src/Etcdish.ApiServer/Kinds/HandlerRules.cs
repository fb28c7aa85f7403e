namespace Etcdish.ApiServer.Kinds;

/// <summary>Probes, and what runs when a container starts and stops.</summary>
internal static class HandlerRules
{
    private const string BadHeader = "a valid HTTP header must consist of alphanumeric characters or '-' "
        + "(e.g. 'X-Header-Name', regex used for validation is '[-A-Za-z0-9]+')";

    private static readonly string[] _probeHandlers = ["exec", "httpGet", "tcpSocket", "grpc"];
    private static readonly string[] _hookHandlers = ["exec", "httpGet", "tcpSocket", "sleep"];
    private static readonly string[] _schemes = ["HTTP", "HTTPS"];

    /// <summary>The probes and hooks of a container that runs as long as its pod.</summary>
    public static void Check(CheckedField container, long? graceSeconds)
    {
        var lifecycle = container["lifecycle"];
        CheckHook(lifecycle["postStart"], graceSeconds);
        CheckHook(lifecycle["preStop"], graceSeconds);
        CheckProbe(container["livenessProbe"], graceSeconds, succeedsOnce: true);
        CheckReadiness(container["readinessProbe"], graceSeconds);
        CheckProbe(container["startupProbe"], graceSeconds, succeedsOnce: true);
    }

    private static void CheckReadiness(CheckedField probe, long? graceSeconds)
    {
        CheckProbe(probe, graceSeconds, succeedsOnce: false);
        var grace = probe["terminationGracePeriodSeconds"];
        if (grace.IsSet)
        {
            grace.Invalid("must not be set for readinessProbes");
        }
    }

    private static void CheckProbe(CheckedField probe, long? graceSeconds, bool succeedsOnce)
    {
        if (!probe.IsSet)
        {
            return;
        }

        CheckHandler(probe, _probeHandlers, graceSeconds);
        probe["initialDelaySeconds"].NonNegative();
        probe["timeoutSeconds"].NonNegative();
        probe["periodSeconds"].NonNegative();
        probe["successThreshold"].NonNegative();
        probe["failureThreshold"].NonNegative();
        if (probe["terminationGracePeriodSeconds"].Number <= 0)
        {
            probe["terminationGracePeriodSeconds"].Invalid("must be greater than 0");
        }

        if (succeedsOnce && probe["successThreshold"].Number != 1)
        {
            probe["successThreshold"].Invalid("must be 1");
        }
    }

    private static void CheckHook(CheckedField hook, long? graceSeconds)
    {
        if (hook.IsSet)
        {
            CheckHandler(hook, _hookHandlers, graceSeconds);
        }
    }

    private static void CheckHandler(CheckedField handler, string[] kinds, long? graceSeconds)
    {
        var hasOne = false;
        foreach (var kind in kinds)
        {
            var action = handler[kind];
            if (!action.IsSet)
            {
                continue;
            }

            if (hasOne)
            {
                action.Forbidden("may not specify more than 1 handler type");
                continue;
            }

            hasOne = true;
            CheckAction(kind, action, graceSeconds);
        }

        if (!hasOne)
        {
            handler.Required("must specify a handler type");
        }
    }

    private static void CheckAction(string kind, CheckedField action, long? graceSeconds)
    {
        switch (kind)
        {
            case "exec":
                if (action["command"].Count == 0)
                {
                    action["command"].Required();
                }

                break;
            case "httpGet":
                action["path"].RequireText();
                action["port"].PortNumberOrName();
                action["scheme"].OneOf(_schemes);
                foreach (var header in action["httpHeaders"].Items)
                {
                    CheckHeader(action["httpHeaders"], header["name"].Text);
                }

                break;
            case "sleep":
                if (graceSeconds is { } grace && (action["seconds"].Number ?? 0) is var seconds && (seconds < 0 || seconds > grace))
                {
                    action.Holding(seconds).Invalid($"must be non-negative and less than terminationGracePeriodSeconds ({grace})");
                }

                break;
            default:
                action["port"].PortNumberOrName();
                break;
        }
    }

    private static void CheckHeader(CheckedField headers, string name)
    {
        var isGood = name.Length > 0;
        foreach (var c in name)
        {
            isGood &= char.IsAsciiLetterOrDigit(c) || c == '-';
        }

        if (!isGood)
        {
            headers.Invalid(BadHeader, name);
        }
    }
}
