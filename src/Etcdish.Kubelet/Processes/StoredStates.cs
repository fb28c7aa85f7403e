using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Etcdish.Kubelet.Processes.Networks;
using Etcdish.Kubelet.Runtime;

namespace Etcdish.Kubelet.Processes;

/// <summary>A sandbox, as it lies in its folder.</summary>
internal sealed record StoredSandbox
{
    public required string Id { get; init; }

    public required SandboxSettings Settings { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>The start of the machine in which it was made. No sandbox outlives that.</summary>
    public required string BootId { get; init; }

    public bool IsStopped { get; init; }

    /// <summary>Its network; null: the node's.</summary>
    public PodAttachment? Network { get; init; }
}

/// <summary>A container, as it lies in its folder.</summary>
internal sealed record StoredContainer
{
    public required string Id { get; init; }

    public required string SandboxId { get; init; }

    public required PodIdentity Pod { get; init; }

    public required ContainerSettings Settings { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public required string BootId { get; init; }

    /// <summary>Its control group; empty: none.</summary>
    public string Cgroup { get; init; } = "";

    /// <summary>Its host name; empty: the node's.</summary>
    public string Hostname { get; init; } = "";

    /// <summary>The file that keeps its network namespace; empty: the node's.</summary>
    public string NetworkNamespace { get; init; } = "";

    public ResolverSettings? Resolver { get; init; }

    /// <summary>Its log file; empty: none.</summary>
    public string LogPath { get; init; } = "";
}

/// <summary>How a container ended.</summary>
internal sealed record ContainerEnd(int ExitCode, string Reason, string Message, DateTimeOffset At);

/// <summary>Reads and writes them.</summary>
[JsonSourceGenerationOptions(WriteIndented = true)]
[JsonSerializable(typeof(StoredSandbox))]
[JsonSerializable(typeof(StoredContainer))]
[JsonSerializable(typeof(ContainerEnd))]
internal sealed partial class StoredForms : JsonSerializerContext
{
    /// <summary>Writes a file that is there whole or not at all, for its owner only: it may hold secrets.</summary>
    public static void Save<T>(string path, T value, JsonTypeInfo<T> form)
    {
        var half = path + ".new";
        var options = new FileStreamOptions
        {
            Mode = FileMode.Create,
            Access = FileAccess.Write,
            UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
        };
        using (var file = new FileStream(half, options))
        {
            JsonSerializer.Serialize(file, value, form);
        }

        File.Move(half, path, overwrite: true);
    }

    /// <summary>Reads a file; null: there is none.</summary>
    public static T? Load<T>(string path, JsonTypeInfo<T> form)
        where T : class
    {
        try
        {
            using var file = File.OpenRead(path);
            return JsonSerializer.Deserialize(file, form);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    }
}
