using System.Text.Json.Nodes;
using Etcdish.ApiServer.Registry;
using Etcdish.Kubernetes;

namespace Etcdish.ApiServer.Kinds;

/// <summary>Kinds that tell the API server itself what to do: flow control, webhooks and policies of admission.</summary>
internal static class ControlRules
{
    private const int MaxPrecedence = 10000;
    private const int DefaultPrecedence = 1000;
    private const int HttpsPort = 443;

    private static readonly string[] _methods = ["ByNamespace", "ByUser"];
    private static readonly string[] _levels = ["Exempt", "Limited"];
    private static readonly string[] _responses = ["Queue", "Reject"];
    private static readonly string[] _failurePolicies = ["Fail", "Ignore"];
    private static readonly string[] _matchPolicies = ["Equivalent", "Exact"];
    private static readonly string[] _sideEffects = ["None", "NoneOnDryRun"];
    private static readonly string[] _reinvocations = ["IfNeeded", "Never"];
    private static readonly string[] _operations = ["*", "CONNECT", "CREATE", "DELETE", "UPDATE"];
    private static readonly string[] _scopes = ["*", "Cluster", "Namespaced"];
    private static readonly string[] _actions = ["Audit", "Deny", "Warn"];

    public static void DefaultFlow(JsonObject schema) => schema.Ensure("spec").DefaultIfZero("matchingPrecedence", DefaultPrecedence);

    public static void CheckFlow(CheckedField schema, CheckedField stored)
    {
        var spec = schema["spec"];
        spec["matchingPrecedence"].Between(1, MaxPrecedence, $"must be a value between 1 and {MaxPrecedence}");
        spec["priorityLevelConfiguration"]["name"].RequireAnd(NameRules.Dns1123Subdomain);
        if (spec["distinguisherMethod"].IsSet)
        {
            spec["distinguisherMethod"]["type"].RequireOneOf(_methods);
        }

        foreach (var rule in spec["rules"].Items)
        {
            if (rule["subjects"].Count == 0)
            {
                rule["subjects"].Required("subjects must contain at least one value");
            }

            if (rule["resourceRules"].Count + rule["nonResourceRules"].Count == 0)
            {
                rule.Required("at least one of resourceRules and nonResourceRules has to be non-empty");
            }
        }
    }

    public static void DefaultLevel(JsonObject level)
    {
        var spec = level.Ensure("spec");
        if (spec.Text("type") == "Exempt")
        {
            var exempt = spec.Ensure("exempt");
            exempt.Default("nominalConcurrencyShares", 0);
            exempt.Default("lendablePercent", 0);
        }

        if (spec.Part("limited") is not { } limited)
        {
            return;
        }

        limited.Default("nominalConcurrencyShares", 30);
        limited.Default("lendablePercent", 0);
        if (limited.Part("limitResponse") is { } response && response.Text("type") == "Queue")
        {
            var queuing = response.Ensure("queuing");
            queuing.DefaultIfZero("queues", 64);
            queuing.DefaultIfZero("handSize", 8);
            queuing.DefaultIfZero("queueLengthLimit", 50);
        }
    }

    public static void CheckLevel(CheckedField level, CheckedField stored)
    {
        var spec = level["spec"];
        var limited = spec["limited"];
        spec["type"].OneOf(_levels);
        if (spec["type"].Text == "Limited")
        {
            if (!limited.IsSet)
            {
                limited.Required("must not be empty when type is Limited");
                return;
            }

            limited["nominalConcurrencyShares"].NonNegative();
            limited["limitResponse"]["type"].RequireOneOf(_responses);
        }
        else if (limited.IsSet)
        {
            limited.Forbidden("must be nil if the type is not Limited");
        }
    }

    public static void DefaultMutating(JsonObject configuration) => DefaultWebhooks(configuration, isMutating: true);

    public static void DefaultValidating(JsonObject configuration) => DefaultWebhooks(configuration, isMutating: false);

    public static void CheckMutating(CheckedField configuration, CheckedField stored)
    {
        CheckWebhooks(configuration["webhooks"]);
        foreach (var hook in configuration["webhooks"].Items)
        {
            hook["reinvocationPolicy"].OneOfIfSet(_reinvocations);
        }
    }

    public static void CheckValidating(CheckedField configuration, CheckedField stored) => CheckWebhooks(configuration["webhooks"]);

    public static void DefaultPolicy(JsonObject policy)
    {
        var spec = policy.Ensure("spec");
        spec.Default("failurePolicy", "Fail");
        DefaultMatch(spec.Part("matchConstraints"));
    }

    public static void CheckPolicy(CheckedField policy, CheckedField stored)
    {
        var spec = policy["spec"];
        spec["failurePolicy"].OneOfIfSet(_failurePolicies);
        if (!spec["matchConstraints"].IsSet)
        {
            spec["matchConstraints"].Required();
        }
        else
        {
            if (spec["matchConstraints"]["resourceRules"].Count == 0)
            {
                spec["matchConstraints"]["resourceRules"].Required();
            }

            CheckMatch(spec["matchConstraints"]);
        }

        if (spec["validations"].Count + spec["auditAnnotations"].Count == 0)
        {
            spec["validations"].Required("validations or auditAnnotations must contain at least one item");
            spec["auditAnnotations"].Required("validations or auditAnnotations must contain at least one item");
        }

        foreach (var validation in spec["validations"].Items)
        {
            if (validation["expression"].Text.Trim().Length == 0)
            {
                validation["expression"].Required("expression is not specified");
            }
        }
    }

    public static void DefaultPolicyBinding(JsonObject binding) => DefaultMatch(binding.Part("spec").Part("matchResources"));

    public static void CheckPolicyBinding(CheckedField binding, CheckedField stored)
    {
        var spec = binding["spec"];
        spec["policyName"].RequireAnd(NameRules.Dns1123Subdomain);
        CheckMatch(spec["matchResources"]);
        if (spec["validationActions"].Count == 0)
        {
            spec["validationActions"].Required();
        }

        foreach (var action in spec["validationActions"].Items)
        {
            action.OneOf(_actions);
        }
    }

    private static void DefaultWebhooks(JsonObject configuration, bool isMutating)
    {
        foreach (var hook in configuration.Objects("webhooks"))
        {
            hook.Default("failurePolicy", "Fail");
            hook.Default("matchPolicy", "Equivalent");
            hook.Default("namespaceSelector", new JsonObject());
            hook.Default("objectSelector", new JsonObject());
            hook.Default("timeoutSeconds", 10);
            if (isMutating)
            {
                hook.Default("reinvocationPolicy", "Never");
            }

            hook.Part("clientConfig").Part("service")?.Default("port", HttpsPort);
            DefaultScopes(hook, "rules");
        }
    }

    private static void DefaultScopes(JsonObject owner, string list)
    {
        foreach (var rule in owner.Objects(list))
        {
            rule.Default("scope", "*");
        }
    }

    private static void DefaultMatch(JsonObject? match)
    {
        if (match is null)
        {
            return;
        }

        match.Default("matchPolicy", "Equivalent");
        match.Default("namespaceSelector", new JsonObject());
        match.Default("objectSelector", new JsonObject());
        DefaultScopes(match, "resourceRules");
        DefaultScopes(match, "excludeResourceRules");
    }

    private static void CheckMatch(CheckedField match)
    {
        match["matchPolicy"].OneOfIfSet(_matchPolicies);
        match["namespaceSelector"].Selector();
        match["objectSelector"].Selector();
        CheckRules(match["resourceRules"]);
        CheckRules(match["excludeResourceRules"]);
    }

    private static void CheckWebhooks(CheckedField hooks)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (var hook in hooks.Items)
        {
            CheckName(hook["name"]);
            if (!names.Add(hook["name"].Text))
            {
                hook["name"].Duplicate();
            }

            if (hook["admissionReviewVersions"].Count == 0)
            {
                hook["admissionReviewVersions"].Required("must specify one of v1, v1beta1");
            }

            CheckRules(hook["rules"]);
            hook["failurePolicy"].OneOfIfSet(_failurePolicies);
            hook["matchPolicy"].OneOfIfSet(_matchPolicies);
            hook["sideEffects"].RequireOneOf(_sideEffects);
            if (hook["timeoutSeconds"].IsSet)
            {
                hook["timeoutSeconds"].Between(1, 30, "the timeout value must be between 1 and 30 seconds");
            }

            hook["namespaceSelector"].Selector();
            hook["objectSelector"].Selector();
            CheckClient(hook["clientConfig"]);
        }
    }

    private static void CheckName(CheckedField name)
    {
        if (!name.RequireText())
        {
            return;
        }

        name.Check(NameRules.Dns1123Subdomain);
        if (name.Text.Split('.').Length < 3)
        {
            name.Invalid("should be a domain with at least three segments separated by dots");
        }
    }

    private static void CheckClient(CheckedField client)
    {
        var (url, service) = (client["url"], client["service"]);
        if (url.IsSet == service.IsSet)
        {
            client.Required("exactly one of url or service is required");
        }
        else if (url.IsSet)
        {
            if (!Uri.TryCreate(url.Text, UriKind.Absolute, out var address) || address.Scheme != Uri.UriSchemeHttps)
            {
                url.Invalid("'https' is the only allowed URL scheme; desired format: https://host[/path]");
            }
        }
        else
        {
            service["name"].RequireText("service name is required");
            service["namespace"].RequireText("service namespace is required");
            service["port"].PortNumber();
        }
    }

    private static void CheckRules(CheckedField rules)
    {
        foreach (var rule in rules.Items)
        {
            foreach (var list in (ReadOnlySpan<string>)["operations", "apiGroups", "apiVersions", "resources"])
            {
                CheckList(rule[list]);
            }

            foreach (var operation in rule["operations"].Items)
            {
                operation.OneOf(_operations);
            }

            rule["scope"].OneOfIfSet(_scopes);
        }
    }

    private static void CheckList(CheckedField list)
    {
        if (list.Count == 0)
        {
            list.Required();
        }

        if (list.Count > 1 && list.HasItem("*"))
        {
            list.Invalid("if '*' is present, must not specify other values");
        }
    }
}
