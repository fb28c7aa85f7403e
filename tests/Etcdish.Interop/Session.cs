using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Etcdish.Testing;

namespace Etcdish.Interop;

/// <summary>
/// One run of a scenario against one server. Each step leaves its outputs, normalised; two sessions of the same scenario must leave
/// the same.
/// </summary>
internal sealed class Session(ServerProcess server) : IDisposable
{
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(20);
    private readonly List<(string Value, string Name)> _captured = [];
    private readonly List<(string Title, string Output)> _steps = [];
    private readonly List<ChildProcess> _processes = [];
    private readonly TemporaryFolder _folder = new();

    public EtcdCtl Ctl { get; } = new(server.ClientUrl);

    public ServerProcess Server => server;

    public IReadOnlyList<(string Title, string Output)> Steps => _steps;

    /// <summary>
    /// Runs one etcdctl command to its end. <c>{name}</c> in it stands for what <see cref="Capture"/> found, <c>{folder}</c> for a
    /// folder of this session.
    /// </summary>
    public CommandResult Run(string line, string stdin = "")
    {
        CommandResult result = Ctl.Run(CommandLine.Split(Expand(line)), Expand(stdin));
        string stdout = line.Contains("-w protobuf", StringComparison.Ordinal)
            ? ProtobufText.Describe(Encoding.Latin1.GetBytes(result.StandardOutput))
            : result.StandardOutput;
        Add(line, result with { StandardOutput = stdout });
        return result;
    }

    /// <summary>Runs a command and names the first group of <paramref name="pattern"/> in its output.</summary>
    public void Capture(string name, string line, string pattern)
    {
        CommandResult result = Ctl.Run(CommandLine.Split(Expand(line)));
        Match match = Regex.Match(result.StandardOutput, pattern);
        Assert.That(match.Success, Is.True, $"{server.Name}: `{line}` printed no {pattern}: {result}");
        Name(match.Groups[1].Value, name);
        Add(line, result);
    }

    /// <summary>Starts a command that goes on.</summary>
    public ChildProcess Start(string line)
    {
        ChildProcess process = Ctl.Start(CommandLine.Split(Expand(line)));
        _processes.Add(process);
        return process;
    }

    public void Await(ChildProcess process, string text, int times = 1)
    {
        bool found = process.StandardOutput.Wait(all => Regex.Count(all, Regex.Escape(text)) >= times, _patience);
        Assert.That(found, Is.True, $"{server.Name}: no `{text}` ({times} times) from {process.Describe()}");
    }

    /// <summary>Interrupts a command as Ctrl-C does and takes down what it wrote.</summary>
    public void Interrupt(ChildProcess process, string title)
    {
        process.Send(Signal.Interrupt);
        int exitCode = process.WaitForExit(_patience);
        // Whether the call that was cut short is mentioned depends on the moment.
        IEnumerable<string> errors = process.StandardError.Text.Split('\n')
            .Where(line => !line.Contains("context canceled", StringComparison.Ordinal));
        Add(title, new CommandResult(exitCode, process.StandardOutput.Text, string.Join('\n', errors)));
    }

    /// <summary>Waits for the end of a command and takes down what it wrote.</summary>
    public void Finish(ChildProcess process, string title)
    {
        int exitCode = process.WaitForExit(_patience);
        Add(title, new CommandResult(exitCode, process.StandardOutput.Text, process.StandardError.Text));
    }

    /// <summary>Takes down something that no command printed.</summary>
    public void Note(string title, string output) => _steps.Add((title, Normalise(output)));

    /// <summary>Gives a value that differs between servers, such as a lease id in hexadecimal, a name.</summary>
    public void Name(string value, string name)
    {
        _captured.Add((value, name));
        if (long.TryParse(value, NumberStyles.HexNumber, CultureInfo.InvariantCulture, out long number))
            _captured.Add((number.ToString(CultureInfo.InvariantCulture), name + " in decimal"));
    }

    public void Dispose()
    {
        foreach (ChildProcess process in _processes)
            process.Dispose();
        _folder.Dispose();
    }

    private void Add(string line, CommandResult result) => Note(line, result.ToString());

    private string Expand(string text)
    {
        foreach ((string value, string name) in _captured)
            text = text.Replace($"{{{name}}}", value, StringComparison.Ordinal);
        return text.Replace("{folder}", _folder.FullPath, StringComparison.Ordinal);
    }

    private string Normalise(string text)
    {
        foreach ((string value, string name) in _captured)
            text = text.Replace(value, $"{{{name}}}", StringComparison.Ordinal);
        return Normaliser.Normalise(text.Replace(_folder.FullPath, "{folder}", StringComparison.Ordinal));
    }
}
