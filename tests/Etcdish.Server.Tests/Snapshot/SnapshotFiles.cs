using Etcdish.Server.Snapshot;

namespace Etcdish.Server.Tests.Snapshot;

/// <summary>Writes snapshots for tests.</summary>
internal static class SnapshotFiles
{
    public static byte[] ToArray(ISnapshotState state)
    {
        using var bytes = new MemoryStream();
        Write(state, bytes);
        return bytes.ToArray();
    }

    public static void ToFile(ISnapshotState state, string path)
    {
        using FileStream file = File.Create(path);
        Write(state, file);
    }

    private static void Write(ISnapshotState state, Stream output)
    {
        foreach (SnapshotBlob blob in new EtcdSnapshotWriter(state).WriteBlobs())
            output.Write(blob.Bytes.Span);
    }
}
