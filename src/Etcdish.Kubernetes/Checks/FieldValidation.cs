namespace Etcdish.Kubernetes;

/// <summary>What a request wants done about unknown and duplicate fields.</summary>
public enum FieldValidation
{
    /// <summary>They are dropped silently.</summary>
    Ignore,

    /// <summary>They are dropped, each with a warning. The default.</summary>
    Warn,

    /// <summary>The request is refused.</summary>
    Strict,
}
