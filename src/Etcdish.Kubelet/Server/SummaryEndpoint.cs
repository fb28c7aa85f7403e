using System.Text.Json.Nodes;
using Etcdish.Kubelet.Runtime;
using Etcdish.Kubernetes;
using Microsoft.AspNetCore.Http;

namespace Etcdish.Kubelet.Server;

/// <summary>Serves <c>/stats/summary</c>: what the node and its pods use, as k8s.io/kubelet stats/v1alpha1 Summary.</summary>
internal sealed class SummaryEndpoint(KubeletServerParts parts)
{
    /// <summary>Serves a request.</summary>
    public async Task ServeAsync(HttpContext http)
    {
        var isShort = http.Request.Query["only_cpu_and_memory"] is ["true" or "1", ..];
        var sample = await parts.Usage.LatestWithRatesAsync(http.RequestAborted);
        await Answer.JsonAsync(http, new JsonObject
        {
            ["node"] = await ShowNodeAsync(sample, isShort, http.RequestAborted),
            ["pods"] = new JsonArray([.. sample.ByPod().Select(pod => ShowPod(pod, isShort))]),
        });
    }

    private async Task<JsonObject> ShowNodeAsync(UsageSample sample, bool isShort, CancellationToken cancellation)
    {
        var (node, time) = (sample.Node, TimeText.Format(sample.Node.At));
        var shown = new JsonObject
        {
            ["nodeName"] = parts.Options.NodeName,
            ["startTime"] = TimeText.Format(node.StartedAt),
            ["cpu"] = ShowCpu(time, sample.NodeNanoCores, node.CpuNanoseconds),
            ["memory"] = new JsonObject
            {
                ["time"] = time,
                ["availableBytes"] = node.MemoryCapacityBytes - node.WorkingSetBytes,
                ["usageBytes"] = node.MemoryBytes,
                ["workingSetBytes"] = node.WorkingSetBytes,
                ["rssBytes"] = node.RssBytes,
                ["pageFaults"] = node.PageFaults,
                ["majorPageFaults"] = node.MajorPageFaults,
            },
        };
        if (isShort)
        {
            return shown;
        }

        shown["network"] = ShowNetwork(node, time);
        shown["fs"] = ShowFileSystem(time, parts.Options.Folder, used: null);
        if (await parts.Runtime.Images.GetFileSystemsAsync(cancellation) is [var images, ..]
            && ShowFileSystem(time, images.MountPoint, images.UsedBytes) is { } imageFs)
        {
            shown["runtime"] = new JsonObject { ["imageFs"] = imageFs, ["containerFs"] = imageFs.DeepClone() };
        }

        shown["swap"] = new JsonObject
        {
            ["time"] = time,
            ["swapAvailableBytes"] = node.SwapFreeBytes,
            ["swapUsageBytes"] = node.SwapBytes,
        };
        return shown;
    }

    private JsonObject ShowPod(PodUsage pod, bool isShort)
    {
        var total = pod.Total.Usage;
        var started = pod.Containers.Min(c => c.Usage.StartedAt) ?? total.At;
        var shown = new JsonObject
        {
            ["podRef"] = new JsonObject { ["name"] = pod.Pod.Name, ["namespace"] = pod.Pod.Namespace, ["uid"] = pod.Pod.Uid },
            ["startTime"] = TimeText.Format(started),
            ["containers"] = new JsonArray([.. pod.Containers.Select(c => ShowContainer(c, isShort))]),
            ["cpu"] = ShowCpu(TimeText.Format(total.At), pod.Total.NanoCores, total.CpuNanoseconds),
            ["memory"] = ShowMemory(total),
        };
        if (!isShort)
        {
            var written = pod.Containers.Sum(c => Math.Max(0, c.Usage.WritableBytes)) + SizeOf(parts.Folders.Logs(pod.Pod));
            shown["ephemeral-storage"] = ShowFileSystem(TimeText.Format(total.At), parts.Options.Folder, written);
        }

        return shown;
    }

    private JsonObject ShowContainer(MeasuredUsage measured, bool isShort)
    {
        var (usage, time) = (measured.Usage, TimeText.Format(measured.Usage.At));
        var shown = new JsonObject
        {
            ["name"] = usage.Container,
            ["startTime"] = TimeText.Format(usage.StartedAt ?? usage.At),
            ["cpu"] = ShowCpu(time, measured.NanoCores, usage.CpuNanoseconds),
            ["memory"] = ShowMemory(usage),
        };
        if (!isShort)
        {
            if (usage.WritableBytes >= 0)
            {
                shown["rootfs"] = ShowFileSystem(time, parts.Options.Folder, usage.WritableBytes);
            }

            var logs = Path.Combine(parts.Folders.Logs(usage.Pod), usage.Container);
            shown["logs"] = ShowFileSystem(time, parts.Options.Folder, SizeOf(logs));
        }

        return shown;
    }

    private static JsonObject ShowCpu(string time, long? nanoCores, long total)
    {
        var shown = new JsonObject { ["time"] = time };
        if (nanoCores is { } rate)
        {
            shown["usageNanoCores"] = rate;
        }

        shown["usageCoreNanoSeconds"] = total;
        return shown;
    }

    private static JsonObject ShowMemory(ContainerUsage usage) => new()
    {
        ["time"] = TimeText.Format(usage.At),
        ["usageBytes"] = usage.MemoryBytes,
        ["workingSetBytes"] = usage.WorkingSetBytes,
        ["rssBytes"] = usage.RssBytes,
    };

    private static JsonObject ShowNetwork(NodeUsage node, string time)
    {
        var shown = new JsonObject { ["time"] = time };
        if (node.Interfaces.Count > 0)
        {
            foreach (var (name, value) in ShowInterface(node.Interfaces[0]))
            {
                shown[name] = value?.DeepClone();
            }
        }

        shown["interfaces"] = new JsonArray([.. node.Interfaces.Select(ShowInterface)]);
        return shown;
    }

    private static JsonObject ShowInterface(InterfaceUsage usage) => new()
    {
        ["name"] = usage.Name,
        ["rxBytes"] = usage.ReceivedBytes,
        ["rxErrors"] = usage.ReceiveErrors,
        ["txBytes"] = usage.SentBytes,
        ["txErrors"] = usage.SendErrors,
    };

    private static JsonObject? ShowFileSystem(string time, string path, long? used) => FileSystemFacts.Of(path) is not { } facts
        ? null
        : new JsonObject
        {
            ["time"] = time,
            ["availableBytes"] = facts.AvailableBytes,
            ["capacityBytes"] = facts.CapacityBytes,
            ["usedBytes"] = used ?? (facts.CapacityBytes - facts.FreeBytes),
            ["inodesFree"] = facts.InodesFree,
            ["inodes"] = facts.Inodes,
            ["inodesUsed"] = facts.Inodes - facts.InodesFree,
        };

    private static long SizeOf(string logFolder)
    {
        try
        {
            var folder = new DirectoryInfo(logFolder);
            return folder.Exists ? folder.EnumerateFiles("*", SearchOption.AllDirectories).Sum(file => file.Length) : 0;
        }
        catch (IOException)
        {
            // A file or the folder went while it was looked at.
            return 0;
        }
    }
}
