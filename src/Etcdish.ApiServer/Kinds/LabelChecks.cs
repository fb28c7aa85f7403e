using System.Text.Json.Nodes;
using Etcdish.Kubernetes;

namespace Etcdish.ApiServer.Kinds;

/// <summary>Labels and what selects by them.</summary>
internal static class LabelChecks
{
    /// <summary>A map of labels.</summary>
    public static void Labels(this CheckedField labels)
    {
        foreach (var (key, value) in labels.Entries)
        {
            labels.Holding(JsonValue.Create(key)).Check(NameRules.QualifiedName);
            labels.Holding(JsonValue.Create(value.Text)).Check(NameRules.LabelValue);
        }
    }

    /// <summary>A map of annotations.</summary>
    public static void Annotations(this CheckedField annotations)
    {
        long size = 0;
        foreach (var (key, value) in annotations.Entries)
        {
            foreach (var problem in NameRules.AnnotationKey(key))
            {
                annotations.Invalid(problem, key);
            }

            size += System.Text.Encoding.UTF8.GetByteCount(key) + System.Text.Encoding.UTF8.GetByteCount(value.Text);
        }

        if (size > NameRules.MaxAnnotationBytes)
        {
            annotations.TooLong(NameRules.MaxAnnotationBytes);
        }
    }

    /// <summary>A LabelSelector, if there is one.</summary>
    public static void Selector(this CheckedField selector)
    {
        selector["matchLabels"].Labels();
        foreach (var expression in selector["matchExpressions"].Items)
        {
            Requirement(expression);
        }
    }

    /// <summary>Whether a LabelSelector names no requirement.</summary>
    public static bool SelectsAll(this CheckedField selector) => selector["matchLabels"].Count + selector["matchExpressions"].Count == 0;

    /// <summary>Whether a LabelSelector selects an object with these labels; null if it cannot be understood.</summary>
    public static bool? Selects(this CheckedField selector, CheckedField labels)
    {
        try
        {
            return LabelSelector.FromObject(selector.Value as JsonObject).Matches(labels.Value as JsonObject);
        }
        catch (SelectorException)
        {
            return null;
        }
    }

    private static void Requirement(CheckedField expression)
    {
        var values = expression["values"];
        switch (expression["operator"].Text)
        {
            case "In" or "NotIn":
                if (values.Count == 0)
                {
                    values.Required("must be specified when `operator` is 'In' or 'NotIn'");
                }

                break;
            case "Exists" or "DoesNotExist":
                if (values.Count > 0)
                {
                    values.Forbidden("may not be specified when `operator` is 'Exists' or 'DoesNotExist'");
                }

                break;
            default:
                expression["operator"].Invalid("not a valid selector operator", expression["operator"].Text);
                break;
        }

        expression["key"].Check(NameRules.QualifiedName);
        foreach (var value in values.Items)
        {
            value.Check(NameRules.LabelValue);
        }
    }
}
