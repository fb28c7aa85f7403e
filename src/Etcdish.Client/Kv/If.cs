using Etcdish.Protos;
using Google.Protobuf;
using static Etcdish.Protos.Compare.Types;

namespace Etcdish.Client;

/// <summary>Conditions of a transaction. They see the state before it.</summary>
public static class If
{
    /// <summary>The key does not exist.</summary>
    public static Compare Missing(ByteString key) => CreateRevision(key, CompareResult.Equal, 0);

    /// <summary>The key exists.</summary>
    public static Compare Exists(ByteString key) => CreateRevision(key, CompareResult.Greater, 0);

    /// <summary>The revision at which the key was created (0 = it does not exist) compares so.</summary>
    public static Compare CreateRevision(ByteString key, CompareResult result, long revision) =>
        new() { Key = key, Target = CompareTarget.Create, Result = result, CreateRevision = revision };

    /// <summary>The revision of the key's last write (0 = it does not exist) compares so.</summary>
    public static Compare ModRevision(ByteString key, CompareResult result, long revision) =>
        new() { Key = key, Target = CompareTarget.Mod, Result = result, ModRevision = revision };

    /// <summary>The number of writes since the key was created (0 = it does not exist) compares so.</summary>
    public static Compare Version(ByteString key, CompareResult result, long version) =>
        new() { Key = key, Target = CompareTarget.Version, Result = result, Version = version };

    /// <summary>The value compares so, byte by byte; never true of a key that does not exist.</summary>
    public static Compare Value(ByteString key, CompareResult result, ByteString value) =>
        new() { Key = key, Target = CompareTarget.Value, Result = result, Value = value };

    /// <summary>The lease (0 = none) compares so.</summary>
    public static Compare Lease(ByteString key, CompareResult result, long lease) =>
        new() { Key = key, Target = CompareTarget.Lease, Result = result, Lease = lease };
}
