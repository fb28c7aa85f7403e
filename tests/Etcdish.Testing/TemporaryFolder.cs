namespace Etcdish.Testing;

/// <summary>A fresh folder that is deleted with everything in it at disposal.</summary>
public sealed class TemporaryFolder : IDisposable
{
    public TemporaryFolder() => FullPath = Directory.CreateTempSubdirectory("etcdish-test-").FullName;

    public string FullPath { get; }

    public string File(string name) => Path.Combine(FullPath, name);

    public void Dispose() => Directory.Delete(FullPath, recursive: true);

    public override string ToString() => FullPath;
}
