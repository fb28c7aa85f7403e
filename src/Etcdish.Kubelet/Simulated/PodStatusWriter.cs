using System.Buffers;
using System.Text.Json;
using Etcdish.Kubernetes;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Kubelet.Simulated;

/// <summary>
/// Writes the status that a kubelet would write of a pod in a stage, as a strategic patch: conditions of others stay as they are.
/// </summary>
internal sealed class PodStatusWriter
{
    private const int BrokenOff = 143;

    private readonly Utf8JsonWriter _json;
    private readonly Pod _pod;
    private readonly PodRecord _record;
    private readonly PodStage _stage;
    private readonly string _since;

    private PodStatusWriter(Utf8JsonWriter json, Pod pod, PodRecord record, PodStage stage, DateTimeOffset since)
    {
        _json = json;
        _pod = pod;
        _record = record;
        _stage = stage;
        _since = TimeText.Format(since);
    }

    /// <summary>How often its containers will have been started again.</summary>
    public static int Restarts(PodRecord record, PodStage next) =>
        record.Restarts + (record.Stage == PodStage.BackingOff && next == PodStage.Running ? 1 : 0);

    /// <summary>The patch.</summary>
    /// <param name="pod">The pod.</param>
    /// <param name="record">What its node knows of it.</param>
    /// <param name="stage">What it does from now on.</param>
    /// <param name="since">Since when.</param>
    public static ReadOnlyMemory<byte> Write(Pod pod, PodRecord record, PodStage stage, DateTimeOffset since)
    {
        var output = new ArrayBufferWriter<byte>(2048);
        using var json = new Utf8JsonWriter(output, new JsonWriterOptions { SkipValidation = true });
        new PodStatusWriter(json, pod, record, stage, since).Write();
        json.Flush();
        return output.WrittenMemory;
    }

    private bool HasAddress => _record.Address.Length > 0 || _pod.Spec.HostNetwork;

    private int ExitCode =>
        _record.StoppingSince is null ? PodPlan.ExitCode(_pod) : _pod.Spec.RestartPolicy is "Never" or "OnFailure" ? BrokenOff : 0;

    private void Write()
    {
        _json.WriteStartObject();
        _json.WriteStartObject("metadata");
        _json.WriteString("uid", _record.Uid);
        _json.WriteEndObject();
        _json.WriteStartObject("status");
        _json.WriteNumber("observedGeneration", _pod.Metadata.Generation);
        _json.WriteString("phase", Phase());
        WriteAddresses("hostIP", "hostIPs", _record.Node.Address);
        if (HasAddress)
        {
            WriteAddresses("podIP", "podIPs", _pod.Spec.HostNetwork ? _record.Node.Address : _record.Address);
        }

        _json.WriteString("startTime", TimeText.Format(_record.StartTime));
        WriteConditions();
        WriteContainers("initContainerStatuses", _pod.Spec.InitContainers, areInit: true);
        WriteContainers("containerStatuses", _pod.Spec.Containers, areInit: false);
        _json.WriteEndObject();
        _json.WriteEndObject();
    }

    private string Phase() => _stage switch
    {
        PodStage.Stuck => "Pending",
        PodStage.Ended when ExitCode == 0 => "Succeeded",
        PodStage.Ended => "Failed",
        _ => "Running",
    };

    private void WriteAddresses(string one, string all, string address)
    {
        _json.WriteString(one, address);
        _json.WriteStartArray(all);
        _json.WriteStartObject();
        _json.WriteString("ip", address);
        _json.WriteEndObject();
        _json.WriteEndArray();
    }

    private void WriteConditions()
    {
        var (reason, message) = _stage switch
        {
            PodStage.Running => ("", ""),
            PodStage.Ended => (ExitCode == 0 ? "PodCompleted" : "PodFailed", ""),
            _ => ("ContainersNotReady", $"containers with unready status: [{string.Join(' ', _pod.Spec.Containers.Select(c => c.Name))}]"),
        };
        var runs = _stage == PodStage.Running;
        _json.WriteStartArray("conditions");
        WriteCondition("PodReadyToStartContainers", _stage != PodStage.Ended, "", "");
        WriteCondition("Initialized", isTrue: true, reason == "PodCompleted" ? reason : "", "");
        if (runs && !PodPlan.GatesAreOpen(_pod))
        {
            WriteCondition("Ready", isTrue: false, "ReadinessGatesNotReady", GateMessage());
        }
        else
        {
            WriteCondition("Ready", runs, reason, message);
        }

        WriteCondition("ContainersReady", runs, reason, message);
        WriteCondition("PodScheduled", isTrue: true, "", "");
        _json.WriteEndArray();
    }

    private string GateMessage() => string.Join(", ", (_pod.Spec.ReadinessGates ?? [])
        .Select(gate => gate?["conditionType"]?.GetValue<string>() ?? "")
        .Where(NotTrue)
        .Select(Explain));

    private bool NotTrue(string type) => _pod.Status.Find(type) is not { IsTrue: true };

    private string Explain(string type) => _pod.Status.Find(type) is { } condition
        ? $"the status of pod readiness gate \"{type}\" is not \"True\", but {condition.Status}"
        : $"corresponding condition of pod readiness gate \"{type}\" does not exist.";

    private void WriteCondition(string type, bool isTrue, string reason, string message)
    {
        var status = isTrue ? "True" : "False";
        var known = _pod.Status.Find(type);
        _json.WriteStartObject();
        _json.WriteString("type", type);
        _json.WriteNumber("observedGeneration", _pod.Metadata.Generation);
        _json.WriteString("status", status);
        _json.WriteNull("lastProbeTime");
        _json.WriteString(
            "lastTransitionTime",
            known?.Status == status && known.LastTransitionTime is { } before ? TimeText.Format(before) : _since);
        WriteOrRemove("reason", reason, known?.Reason);
        WriteOrRemove("message", message, known?.Message);
        _json.WriteEndObject();
    }

    private void WriteOrRemove(string field, string value, string? before)
    {
        if (value.Length > 0)
        {
            _json.WriteString(field, value);
        }
        else if (!string.IsNullOrEmpty(before))
        {
            _json.WriteNull(field);
        }
    }

    private void WriteContainers(string field, Container[] containers, bool areInit)
    {
        if (containers.Length == 0)
        {
            return;
        }

        _json.WriteStartArray(field);
        foreach (var container in containers)
        {
            WriteContainer(container, isDone: areInit && container.RestartPolicy != "Always");
        }

        _json.WriteEndArray();
    }

    /// <summary>One container; one of the beginning has ended well by the time others run.</summary>
    private void WriteContainer(Container container, bool isDone)
    {
        var runs = _stage == PodStage.Running && !isDone;
        _json.WriteStartObject();
        _json.WriteString("name", container.Name);
        _json.WriteString("image", container.Image);
        _json.WriteString("imageID", _stage == PodStage.Stuck ? "" : container.Image);
        _json.WriteBoolean("ready", runs || (isDone && _stage != PodStage.Stuck));
        _json.WriteBoolean("started", runs);
        _json.WriteNumber("restartCount", isDone ? 0 : Restarts(_record, _stage));
        _json.WriteStartObject("state");
        if (_stage == PodStage.Stuck || (_stage == PodStage.BackingOff && !isDone))
        {
            WriteWaiting(container);
        }
        else if (runs)
        {
            _json.WriteStartObject("running");
            _json.WriteString("startedAt", _since);
            _json.WriteEndObject();
        }
        else
        {
            WriteTerminated(container, isDone ? 0 : ExitCode);
        }

        _json.WriteEndObject();
        _json.WriteStartObject("lastState");
        if (_stage == PodStage.BackingOff && !isDone)
        {
            WriteTerminated(container, ExitCode);
        }

        _json.WriteEndObject();
        if (_stage != PodStage.Stuck)
        {
            WriteId(container);
        }

        _json.WriteEndObject();
    }

    private void WriteWaiting(Container container)
    {
        _json.WriteStartObject("waiting");
        if (_stage == PodStage.BackingOff)
        {
            var pause = (int)PodPlan.BackOff(_record.Restarts).TotalSeconds;
            _json.WriteString("reason", "CrashLoopBackOff");
            _json.WriteString(
                "message",
                $"back-off {DurationText.Format(pause * 1_000_000_000L)} restarting failed container={container.Name} "
                + $"pod={_pod.Metadata.Name}_{_pod.Metadata.Namespace}({_record.Uid})");
        }
        else
        {
            _json.WriteString("reason", _pod.Metadata.Annotations[PodPlan.StuckAnnotation]);
        }

        _json.WriteEndObject();
    }

    private void WriteTerminated(Container container, int exitCode)
    {
        _json.WriteStartObject("terminated");
        _json.WriteNumber("exitCode", exitCode);
        _json.WriteString("reason", exitCode == 0 ? "Completed" : "Error");
        _json.WriteString("startedAt", TimeText.Format(_record.Since));
        _json.WriteString("finishedAt", _since);
        WriteId(container);
        _json.WriteEndObject();
    }

    private void WriteId(Container container) => _json.WriteString("containerID", $"simulated://{_record.Uid}/{container.Name}");
}
