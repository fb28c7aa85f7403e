using System.Text.Json.Nodes;
using Etcdish.ApiServer.Kinds;
using Etcdish.Kubernetes;

namespace Etcdish.ApiServer.Registry;

/// <summary>The rules of metadata that hold for all kinds.</summary>
internal static class MetadataChecks
{
    /// <summary>The groups whose finalizers without a domain are Kubernetes' own.</summary>
    private static readonly HashSet<string> _standardFinalizers = new(StringComparer.Ordinal)
    {
        "", "apps", "batch", "autoscaling", "policy", "networking.k8s.io", "discovery.k8s.io", "storage.k8s.io", "scheduling.k8s.io",
        "rbac.authorization.k8s.io", "certificates.k8s.io", "node.k8s.io", "flowcontrol.apiserver.k8s.io",
    };

    public static void Check(ResourceType type, JsonObject value, JsonObject? stored, List<FieldError> errors)
    {
        var metadata = CheckedField.At("metadata", value.Metadata(), errors);
        var name = metadata["name"];
        if (stored is null)
        {
            CheckGeneratedName(type, metadata["generateName"]);
        }

        if (name.RequireText("name or generateName is required") && stored is null)
        {
            name.Check(type.Rules.CheckName);
        }

        metadata["labels"].Labels();
        metadata["annotations"].Annotations();
        CheckOwners(metadata["ownerReferences"]);
        CheckFinalizers(metadata["finalizers"], _standardFinalizers.Contains(type.Info.Group));
        if (stored is not null && stored.IsBeingDeleted())
        {
            CheckNoNewFinalizers(metadata["finalizers"], stored);
        }
    }

    /// <summary>The beginning of a name is a name but for its end, to which something comes.</summary>
    private static void CheckGeneratedName(ResourceType type, CheckedField prefix)
    {
        if (!prefix.HasText)
        {
            return;
        }

        var masked = prefix.Text.EndsWith('-') ? prefix.Text[..^1] + "a" : prefix.Text;
        foreach (var problem in type.Rules.CheckName(masked))
        {
            prefix.Invalid(problem, prefix.Text);
        }
    }

    private static void CheckOwners(CheckedField owners)
    {
        const string Empty = "must not be empty";
        string? controller = null;
        foreach (var owner in owners.Items)
        {
            var version = owner["apiVersion"];
            if (version.RequireText(Empty) && (version.Text.Split('/').Length > 2 || version.Text.EndsWith('/')))
            {
                version.Invalid("must be <group>/<version> or <version>");
            }

            owner["kind"].RequireText(Empty);
            owner["name"].RequireText(Empty);
            owner["uid"].RequireText(Empty);
            if (version.Text == "v1" && owner["kind"].Text == "Event")
            {
                owner.Invalid("/v1, Kind=Event is disallowed from being an owner");
            }

            if (owner["controller"].IsTrue)
            {
                var own = $"{owner["kind"].Text}/{owner["name"].Text}";
                if (controller is not null)
                {
                    owners.Invalid(
                        "Only one reference can have Controller set to true. Found \"true\" in references for "
                        + $"{controller} and {own}");
                }

                controller ??= own;
            }
        }
    }

    private static void CheckFinalizers(CheckedField finalizers, bool knowsBareNames)
    {
        foreach (var finalizer in finalizers.Items)
        {
            finalizers.Holding(finalizer.Value).Check(NameRules.QualifiedName);
            if (knowsBareNames && !finalizer.Text.Contains('/', StringComparison.Ordinal)
                && finalizer.Text is not ("kubernetes" or "orphan" or "foregroundDeletion"))
            {
                finalizer.Invalid("name is neither a standard finalizer name nor is it fully qualified");
            }
        }

        if (finalizers.HasItem("orphan") && finalizers.HasItem("foregroundDeletion"))
        {
            finalizers.Invalid("finalizer orphan and foregroundDeletion cannot be both set");
        }
    }

    private static void CheckNoNewFinalizers(CheckedField finalizers, JsonObject stored)
    {
        var known = CheckedField.At("", stored.Part("metadata")?["finalizers"], []);
        var added = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var finalizer in finalizers.Items)
        {
            if (!known.HasItem(finalizer.Text))
            {
                added.Add(finalizer.Text);
            }
        }

        if (added.Count > 0)
        {
            var names = string.Join(", ", added.Select(name => $"\"{name}\""));
            finalizers.Forbidden(
                $"no new finalizers can be added if the object is being deleted, found new finalizers []string{{{names}}}");
        }
    }
}
