namespace Etcdish.Kubernetes;

/// <summary>How a quantity likes to be written; the value does not depend on it.</summary>
public enum QuantityFormat
{
    /// <summary>With powers of 1000: <c>500m</c>, <c>12k</c>.</summary>
    DecimalSI,

    /// <summary>With powers of 1024: <c>12Mi</c>.</summary>
    BinarySI,

    /// <summary>With an exponent: <c>12e6</c>.</summary>
    DecimalExponent,
}
