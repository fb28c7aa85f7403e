using System.Text;
using Etcdish.Kubelet.Containers;
using Etcdish.Kubelet.Kinds;
using Etcdish.Kubelet.Runtime;

namespace Etcdish.Kubelet.Pods;

/// <summary>What a container says as it ends: what it wrote to its file for that, or else the end of its log.</summary>
internal static class TerminationMessage
{
    private const int LongestLog = 2048;
    private const int MostLogLines = 80;

    /// <summary>The state of a container, with the message if it has ended.</summary>
    public static ContainerState Complete(PodFolders folders, PodManifest pod, ContainerState state)
    {
        if (state.Phase != ContainerPhase.Exited)
        {
            return state;
        }

        var message = TerminationMessages.Read(folders, state.Pod.Uid, state.Name, state.Attempt);
        if (message.Length == 0 && state.ExitCode != 0
            && pod.FindContainer(state.Name)?.TerminationMessagePolicy == "FallbackToLogsOnError")
        {
            message = ReadLog(folders.Log(state.Pod, state.Name, state.Attempt));
        }

        return message.Length == 0 ? state : state with { Message = state.Message.Length == 0 ? message : $"{state.Message}: {message}" };
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
