using System.IO.Compression;
using System.IO.Pipelines;
using System.Text;
using Etcdish.Kubelet.Logs;
using Etcdish.Testing;

namespace Etcdish.Kubelet.Tests.Logs;

/// <summary>A folder with the log of a container, as a runtime writes it, and a reader of it.</summary>
internal sealed class LogBench : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly FolderWatch _watch = new(TimeProvider.System, TestContext.Out.WriteLine);

    public LogBench() => Reader = new LogReader(_watch, TimeProvider.System, Warnings.Add);

    /// <summary>The file that is written.</summary>
    public string Log => _folder.File("0.log");

    public LogReader Reader { get; }

    public List<string> Warnings { get; } = [];

    /// <summary>An entry: the time is so many seconds after the year's beginning.</summary>
    public static string Entry(int second, string text, string stream = "stdout", string tag = "F") =>
        $"{new DateTime(2026, 1, 1).AddSeconds(second):yyyy-MM-ddTHH:mm:ss}.5Z {stream} {tag} {text}\n";

    /// <summary>A whole file, of lines that are numbers.</summary>
    public static string Lines(int first, int count) =>
        string.Concat(Enumerable.Range(first, count).Select(i => Entry(i, $"line {i}")));

    public void Write(string text, string stamp = "") => File.WriteAllText(stamp.Length == 0 ? Log : $"{Log}.{stamp}", text);

    public void WriteCompressed(string text, string stamp)
    {
        using var file = File.Create($"{Log}.{stamp}.gz");
        using var gzip = new GZipStream(file, CompressionLevel.Fastest);
        gzip.Write(Encoding.UTF8.GetBytes(text));
    }

    /// <summary>All that is wanted of the log, of a container that has ended.</summary>
    public async Task<string> ReadAsync(LogQuery query)
    {
        await using var cursor = await Reader.OpenAsync(Log, query, CancellationToken.None) ?? throw new FileNotFoundException(Log);
        using var output = new MemoryStream();
        var writer = PipeWriter.Create(output);
        await cursor.CopyAsync(writer, Task.CompletedTask, CancellationToken.None);
        await writer.CompleteAsync();
        return Encoding.UTF8.GetString(output.ToArray());
    }

    public void Dispose()
    {
        _watch.Dispose();
        _folder.Dispose();
    }
}
