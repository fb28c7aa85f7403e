using System.Text.Json.Nodes;
using Etcdish.ApiServer.Registry;
using Etcdish.Kubernetes;

namespace Etcdish.ApiServer.Kinds;

/// <summary>Ingresses and their classes.</summary>
internal static class IngressRules
{
    private const string ClassAnnotation = "kubernetes.io/ingress.class";
    private const int MaxController = 250;

    private static readonly string[] _pathTypes = ["Exact", "ImplementationSpecific", "Prefix"];
    private static readonly string[] _badSequences = ["//", "/./", "/../", "%2f", "%2F"];
    private static readonly string[] _badEnds = ["/..", "/."];
    private static readonly string[] _scopes = ["Cluster", "Namespace"];

    public static void Prepare(JsonObject ingress, JsonObject? stored) =>
        ingress.Default("status", new JsonObject { ["loadBalancer"] = new JsonObject() });

    public static void Check(CheckedField ingress, CheckedField stored)
    {
        var spec = ingress["spec"];
        if (spec["rules"].Count == 0 && !spec["defaultBackend"].IsSet)
        {
            spec.Holding(spec["rules"].Value).Invalid("either `defaultBackend` or `rules` must be specified");
        }

        if (spec["defaultBackend"].IsSet)
        {
            CheckBackend(spec["defaultBackend"]);
        }

        foreach (var rule in spec["rules"].Items)
        {
            CheckRule(rule);
        }

        foreach (var tls in spec["tls"].Items)
        {
            foreach (var host in tls["hosts"].Items)
            {
                CheckHost(host);
            }

            tls["secretName"].CheckIfSet(NameRules.Dns1123Subdomain);
        }

        var @class = spec["ingressClassName"];
        if (@class.IsSet)
        {
            @class.Check(NameRules.Dns1123Subdomain);
            var annotation = ingress["metadata"]["annotations"][ClassAnnotation];
            if (!stored.IsSet && annotation.IsSet && annotation.Text != @class.Text)
            {
                ingress["annotations"].Child(ClassAnnotation, annotation.Value)
                    .Invalid("must match `ingressClassName` when both are specified");
            }
        }
    }

    public static void DefaultClass(JsonObject @class) => @class.Part("spec").Part("parameters")?.Default("scope", "Cluster");

    public static void CheckClass(CheckedField @class, CheckedField stored)
    {
        var spec = @class["spec"];
        var controller = spec["controller"];
        if (controller.Text.Length > MaxController)
        {
            controller.TooLong(MaxController);
        }

        controller.DomainPath();
        if (stored.IsSet)
        {
            controller.Unchanged(stored["spec"]["controller"]);
        }

        var parameters = spec["parameters"];
        if (!parameters.IsSet)
        {
            return;
        }

        CheckReference(parameters);
        if (!parameters["scope"].RequireText())
        {
            return;
        }

        parameters["scope"].OneOf(_scopes);
        if (parameters["scope"].Text == "Namespace")
        {
            if (parameters["namespace"].IsSet)
            {
                parameters["namespace"].Check(NameRules.Dns1123Label);
            }
            else
            {
                parameters["namespace"].Required("`parameters.scope` is set to 'Namespace'");
            }
        }
        else if (parameters["scope"].Text == "Cluster" && parameters["namespace"].IsSet)
        {
            parameters["namespace"].Forbidden("`parameters.scope` is set to 'Cluster'");
        }
    }

    private static void CheckRule(CheckedField rule)
    {
        var host = rule["host"];
        if (host.HasText)
        {
            if (NetworkText.TryParseAddress(host.Text, out _))
            {
                host.Invalid("must be a DNS name, not an IP address");
            }

            CheckHost(host);
        }

        var http = rule["http"];
        if (http.IsSet && http["paths"].Count == 0)
        {
            http["paths"].Required();
        }

        foreach (var path in http["paths"].Items)
        {
            CheckPath(path);
        }
    }

    private static void CheckHost(CheckedField host) =>
        host.Check(host.Text.Contains('*', StringComparison.Ordinal) ? NameRules.WildcardDns1123Subdomain : NameRules.Dns1123Subdomain);

    private static void CheckPath(CheckedField item)
    {
        var type = item["pathType"];
        if (!type.IsSet)
        {
            type.Required("pathType must be specified");
            return;
        }

        var path = item["path"];
        type.OneOf(_pathTypes);
        var isExact = type.Text is "Exact" or "Prefix";
        if (!path.Text.StartsWith('/') && (isExact || (path.HasText && type.Text == "ImplementationSpecific")))
        {
            path.Invalid("must be an absolute path", path.Text);
        }

        if (isExact)
        {
            foreach (var sequence in _badSequences)
            {
                if (path.Text.Contains(sequence, StringComparison.Ordinal))
                {
                    path.Invalid($"must not contain '{sequence}'");
                }
            }

            foreach (var end in _badEnds)
            {
                if (path.Text.EndsWith(end, StringComparison.Ordinal))
                {
                    path.Invalid($"cannot end with '{end}'");
                }
            }
        }

        CheckBackend(item["backend"]);
    }

    private static void CheckBackend(CheckedField backend)
    {
        var service = backend["service"];
        var resource = backend["resource"];
        if (service.IsSet && resource.IsSet)
        {
            backend.Invalid("cannot set both resource and service backends", "");
        }
        else if (resource.IsSet)
        {
            CheckReference(resource);
        }
        else if (service.IsSet)
        {
            CheckService(backend, service);
        }
        else
        {
            backend.Invalid("resource or service backend is required", "");
        }
    }

    private static void CheckService(CheckedField backend, CheckedField service)
    {
        service["name"].RequireAnd(NameRules.Dns1035Label);
        var name = service["port"]["name"];
        var number = service["port"]["number"];
        var hasNumber = number.Number is not (null or 0);
        if (name.HasText && hasNumber)
        {
            backend.Invalid("cannot set both port name & port number", "");
        }
        else if (name.HasText)
        {
            name.Check(NameRules.PortName);
        }
        else if (hasNumber)
        {
            number.PortNumber();
        }
        else
        {
            backend.Required("port name or number is required");
        }
    }

    private static void CheckReference(CheckedField reference)
    {
        if (reference["apiGroup"].IsSet)
        {
            reference["apiGroup"].Check(NameRules.Dns1123Subdomain);
        }

        reference["kind"].RequireAnd(NameRules.PathSegment);
        reference["name"].RequireAnd(NameRules.PathSegment);
    }
}
