"""KeypointNeRF without a window: photographs in, an avatar out. Read the modules in the order of the pipeline.

    photos ─ detect ─▶ Keypoints2D ─ calibrate ─▶ Calibration ─ encode ─▶ EncodedViews ─▶ RenderRequest ─▶ Frame

    photo, detection          a picture, what the detector sees in it            Photo, Detection
    keypoints                 which points a subject has, where they are        KeypointSchema, Keypoints2D, Keypoints3D
    camera, geometry          pinholes, orbits, projection, triangulation        Camera, Box
    camera_path               where a film looks from                            KeyView, CameraPath
    calibration               cameras and 3D keypoints from 2D ones              ViewObservation, Calibration
    model/                    the network: encode once, query anywhere           KeypointNeRF, EncodedViews
    render/                   queries to pictures, coarse to fine                RenderRequest, Frame, Renderer
    pipeline                  all of it in a row; open this first
    document, edits, history  what a person makes: a frozen value, functions on it, states and a cursor
    project_file, interop/    on the disk, and in the files of other programs
    source, export            what goes in and what comes out
    training/                 synthetic people, the trainer, evaluation
    cli, commands/            every capability from a shell

Invariants
    Values are frozen. A stage runs again only when an input *is not* the object it had; edits share what they do
    not touch, so that this identity is the whole cache.
    World and cameras are in metres and OpenCV axes: x right, y down, z forward. Matrices are named by both frames,
    `world_from_camera @ point_in_camera`. Pixel (0, 0) is the centre of the top-left pixel. Angles are radians.
    The network and the renderer live in the head frame (see `keypoints.HEAD`); `Calibration.world_from_head` leads
    from there to the world of given cameras.
    A person's mistake is a `UserError`, which says in a sentence what happened and in another what to do.
    `model`, `render` and the trainer load where only torch and numpy are installed.
"""
