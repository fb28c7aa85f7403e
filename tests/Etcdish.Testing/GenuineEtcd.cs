namespace Etcdish.Testing;

/// <summary>The operating system's etcd: the measure of everything.</summary>
public sealed class GenuineEtcd(string? dataDirectory = null) : ServerProcess(dataDirectory)
{
    public override string Name => "etcd";

    protected override string Executable { get; } = Tools.Etcd();

    protected override IEnumerable<string> Arguments => PlaceFlags;
}
