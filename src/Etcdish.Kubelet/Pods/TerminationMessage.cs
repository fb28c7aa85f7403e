using System.Text;
using Etcdish.Kubelet.Kinds;
using Etcdish.Kubelet.Runtime;

namespace Etcdish.Kubelet.Pods;

/// <summary>What a container says as it ends: what it wrote to its file for that, or else the end of its log.</summary>
internal static class TerminationMessage
{
    private const int LongestFile = 4096;
    private const int LongestLog = 2048;
    private const int MostLogLines = 80;

    /// <summary>The state of a container, with the message if it has ended.</summary>
    public static ContainerState Complete(PodFolders folders, PodManifest pod, ContainerState state)
    {
        if (state.Phase != ContainerPhase.Exited)
        {
            return state;
        }

        var message = ReadFile(folders.TerminationMessage(state.Pod.Uid, state.Name, state.Attempt));
        var manifest = pod.Spec.Containers.Concat(pod.Spec.InitContainers).FirstOrDefault(c => c.Name == state.Name);
        if (message.Length == 0 && state.ExitCode != 0 && manifest?.TerminationMessagePolicy == "FallbackToLogsOnError")
        {
            message = ReadLog(folders.Log(state.Pod, state.Name, state.Attempt));
        }

        return message.Length == 0 ? state : state with { Message = state.Message.Length == 0 ? message : $"{state.Message}: {message}" };
    }

    private static string ReadFile(string path)
    {
        if (!File.Exists(path))
        {
            return "";
        }

        using var file = File.OpenRead(path);
        var buffer = new byte[LongestFile];
        return Encoding.UTF8.GetString(buffer, 0, file.ReadAtLeast(buffer, LongestFile, throwOnEndOfStream: false));
    }

    /// <summary>The last lines, without time, stream and flag.</summary>
    private static string ReadLog(string path)
    {
        if (!File.Exists(path))
        {
            return "";
        }

        using var file = File.OpenRead(path);
        file.Position = Math.Max(0, file.Length - (4 * LongestLog));
        using var reader = new StreamReader(file, Encoding.UTF8);
        var lines = reader.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries).TakeLast(MostLogLines);
        var text = string.Concat(lines.Select(Content));
        return text.Length <= LongestLog ? text : text[^LongestLog..];
    }

    private static string Content(string line)
    {
        var parts = line.Split(' ', 4);
        return parts.Length < 4 ? "" : parts[2] == "P" ? parts[3] : parts[3] + "\n";
    }
}
