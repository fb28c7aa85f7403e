using System.Text.Json.Nodes;

namespace Etcdish.Kubernetes;

/// <summary>JSON merge patch, RFC 7386.</summary>
public static class MergePatch
{
    /// <summary>Changes <paramref name="target"/> by a patch, which stays as it is.</summary>
    public static void Apply(JsonObject target, JsonObject patch)
    {
        foreach (var (name, value) in patch)
        {
            if (value is null)
            {
                target.Remove(name);
            }
            else if (value is JsonObject fields)
            {
                if (target[name] is not JsonObject inner)
                {
                    target[name] = inner = [];
                }

                Apply(inner, fields);
            }
            else
            {
                target[name] = value.DeepClone();
            }
        }
    }
}
