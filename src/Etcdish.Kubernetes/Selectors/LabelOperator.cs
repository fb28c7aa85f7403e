namespace Etcdish.Kubernetes;

/// <summary>How a requirement compares a label.</summary>
public enum LabelOperator
{
    /// <summary>The label exists with one of the values.</summary>
    In,

    /// <summary>The label does not exist, or with none of the values.</summary>
    NotIn,

    /// <summary>The label exists.</summary>
    Exists,

    /// <summary>The label does not exist.</summary>
    DoesNotExist,

    /// <summary>The label exists and is a whole number above the value.</summary>
    GreaterThan,

    /// <summary>The label exists and is a whole number below the value.</summary>
    LessThan,
}
