namespace Etcdish.ApiServer.Kinds;

/// <summary>Where a container finds the volumes of its pod.</summary>
internal static class MountRules
{
    private static readonly string[] _propagations = ["Bidirectional", "HostToContainer", "None"];
    private static readonly string[] _recursive = ["Disabled", "Enabled", "IfPossible"];

    /// <summary>The mounts and devices of a container.</summary>
    /// <param name="container">The container.</param>
    /// <param name="volumes">The good volumes of its pod, by name.</param>
    public static void Check(CheckedField container, Dictionary<string, CheckedField> volumes)
    {
        var mounts = container["volumeMounts"];
        var devices = container["volumeDevices"];
        for (var i = 0; i < mounts.Count; i++)
        {
            CheckMount(container, mounts, i, volumes);
        }

        for (var i = 0; i < devices.Count; i++)
        {
            CheckDevice(mounts, devices, i, volumes);
        }
    }

    private static void CheckMount(CheckedField container, CheckedField mounts, int at, Dictionary<string, CheckedField> volumes)
    {
        var mount = mounts[at];
        var name = mount["name"];
        var path = mount["mountPath"];
        name.RequireText();
        var isKnown = volumes.TryGetValue(name.Text, out var volume);
        if (!isKnown)
        {
            name.NotFound();
        }

        path.RequireText();
        if (IsEarlier(mounts, at, "mountPath"))
        {
            path.Invalid("must be unique", path.Text);
        }

        foreach (var device in container["volumeDevices"].Items)
        {
            if (device["name"].Text == name.Text)
            {
                name.Invalid("must not already exist in volumeDevices", name.Text);
            }

            if (device["devicePath"].Text == path.Text)
            {
                path.Invalid("must not already exist as a path in volumeDevices", path.Text);
            }
        }

        CheckSubPath(mounts, mount, isKnown && volume["image"].IsSet);
        CheckPropagation(container, mounts, mount);
    }

    private static void CheckSubPath(CheckedField mounts, CheckedField mount, bool isImage)
    {
        var path = mount["subPath"];
        var expression = mount["subPathExpr"];
        if (isImage && path.HasText)
        {
            path.Invalid("not allowed in image volume sources", path.Text);
        }

        if (isImage && expression.HasText)
        {
            expression.Invalid("not allowed in image volume sources", expression.Text);
        }

        if (path.HasText)
        {
            mounts.Child("subPath", path.Value).DescendingPath();
        }

        if (expression.HasText)
        {
            if (path.HasText)
            {
                expression.Invalid("subPathExpr and subPath are mutually exclusive", expression.Text);
            }

            mounts.Child("subPathExpr", expression.Value).DescendingPath();
        }
    }

    private static void CheckPropagation(CheckedField container, CheckedField mounts, CheckedField mount)
    {
        var propagation = mounts.Child("mountPropagation", mount["mountPropagation"].Value);
        propagation.OneOfIfSet(_propagations);
        if (propagation.Text == "Bidirectional" && !container["securityContext"]["privileged"].IsTrue)
        {
            propagation.Forbidden("Bidirectional mount propagation is available only to privileged containers");
        }

        var recursive = mounts.Child("recursiveReadOnly", mount["recursiveReadOnly"].Value);
        recursive.OneOfIfSet(_recursive);
        if (recursive.Text is "Enabled" or "IfPossible")
        {
            if (!mount["readOnly"].IsTrue)
            {
                recursive.Forbidden("may only be specified when readOnly is true");
            }

            if (propagation.IsSet && propagation.Text != "None")
            {
                recursive.Forbidden("may only be specified when mountPropagation is None or not specified");
            }
        }
    }

    private static void CheckDevice(CheckedField mounts, CheckedField devices, int at, Dictionary<string, CheckedField> volumes)
    {
        var device = devices[at];
        var name = device["name"];
        var path = device["devicePath"];
        name.RequireText();
        if (name.HasText && IsEarlier(devices, at, "name"))
        {
            name.Invalid("must be unique", name.Text);
        }

        if (!volumes.TryGetValue(name.Text, out var volume))
        {
            name.NotFound();
        }
        else if (!volume["persistentVolumeClaim"].IsSet && !volume["ephemeral"].IsSet)
        {
            name.Invalid("can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode", name.Text);
        }

        path.RequireText();
        if (IsEarlier(devices, at, "devicePath"))
        {
            path.Invalid("must be unique", path.Text);
        }

        if (Array.IndexOf(path.Text.Split('/'), "..") >= 0)
        {
            path.Invalid("can not contain backsteps ('..')", path.Text);
        }

        foreach (var mount in mounts.Items)
        {
            if (mount["name"].Text == name.Text)
            {
                name.Invalid("must not already exist in volumeMounts", name.Text);
            }

            if (mount["mountPath"].Text == path.Text)
            {
                path.Invalid("must not already exist as a path in volumeMounts", path.Text);
            }
        }
    }

    private static bool IsEarlier(CheckedField list, int at, string field)
    {
        var text = list[at][field].Text;
        for (var i = 0; i < at; i++)
        {
            if (list[i][field].Text == text)
            {
                return true;
            }
        }

        return false;
    }
}
