using System.CommandLine;
using System.Security.Cryptography;
using Etcdish.Client;
using Etcdish.Protos;

namespace Etcdish.Cli.Verbs;

/// <summary>etcdish snapshot save: a snapshot appears under its name when all of it came and its checksum was verified.</summary>
internal static class SnapshotSaveVerb
{
    private const int SectorBytes = 512;

    private static readonly Argument<string> _path = SnapshotVerb.File();

    public static Command Command() =>
        new Command("save", "Save a snapshot of a server to a file.\n\nExample:\n  etcdish snapshot save backup.db") { _path }
            .WithClientEndless(SaveAsync);

    private static async Task SaveAsync(EtcdClient client, ParseResult parsed, CancellationToken cancellation)
    {
        string path = parsed.GetRequiredValue(_path);
        string part = path + ".part";
        string version = "";
        try
        {
            await using (var file = new FileStream(part, FileMode.Create, FileAccess.ReadWrite))
            {
                await foreach (SnapshotResponse piece in client.Maintenance.SnapshotAsync(cancellation))
                {
                    await file.WriteAsync(piece.Blob.Memory, cancellation);
                    version = piece.Version;
                }

                await VerifyAsync(file, cancellation);
                file.Flush(flushToDisk: true);
            }

            File.Move(part, path, overwrite: true);
        }
        finally
        {
            File.Delete(part);
        }

        Console.WriteLine($"Snapshot saved at {path}\nServer version {version}");
    }

    /// <summary>The last 32 bytes are the SHA-256 of all before them.</summary>
    private static async Task VerifyAsync(FileStream file, CancellationToken cancellation)
    {
        long length = file.Length - SHA256.HashSizeInBytes;
        if (length <= 0 || length % SectorBytes != 0)
        {
            throw new CommandException($"the snapshot is incomplete ({file.Length} bytes); try again");
        }

        file.Position = 0;
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        byte[] buffer = new byte[128 * 1024];
        while (file.Position < length)
        {
            int read = await file.ReadAsync(buffer.AsMemory(0, (int)Math.Min(buffer.Length, length - file.Position)), cancellation);
            hash.AppendData(buffer.AsSpan(0, read));
        }

        byte[] expected = new byte[SHA256.HashSizeInBytes];
        await file.ReadExactlyAsync(expected, cancellation);
        if (!hash.GetHashAndReset().AsSpan().SequenceEqual(expected))
        {
            throw new CommandException("the snapshot does not match its checksum; try again");
        }
    }
}
