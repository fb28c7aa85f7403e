namespace Etcdish.Kubernetes;

/// <summary>Bytes that are no object of their type: malformed, too deep, too large or mistyped. The client's fault.</summary>
public sealed class ObjectFormatException : Exception
{
    /// <summary>A fault at a field.</summary>
    /// <param name="path">The field, such as <c>spec.containers[0].image</c>; empty for the object as a whole.</param>
    /// <param name="problem">What is wrong with it.</param>
    public ObjectFormatException(string path, string problem)
        : base(path.Length == 0 ? problem : $"{path}: {problem}")
    {
        Path = path;
        Problem = problem;
    }

    /// <summary>The field, empty for the object as a whole.</summary>
    public string Path { get; }

    /// <summary>What is wrong with it.</summary>
    public string Problem { get; }
}
